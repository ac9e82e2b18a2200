// SPDX-License-Identifier: MIT
#include <demo/app/settings.h>

#include <demo/app/window.h>
#include <demo/console/console.h>

#include <QSplitter>

namespace {

const QString themeKey = QStringLiteral("theme");
const QString geometryKey = QStringLiteral("geometry");
const QString pageKey = QStringLiteral("page");
const QString historyKey = QStringLiteral("history");

QString splitterKey(const QSplitter *splitter)
{
    return QStringLiteral("splitters/") + splitter->objectName();
}

} // namespace

Theme Settings::theme() const
{
    return themeCalled(m_store.value(themeKey).toString());
}

void Settings::restore(Window &window) const
{
    window.restoreGeometry(m_store.value(geometryKey).toByteArray());
    for (QSplitter *splitter : window.findChildren<QSplitter *>())
        splitter->restoreState(m_store.value(splitterKey(splitter)).toByteArray());
    window.console().setHistory(m_store.value(historyKey).toStringList());
    if (Page *page = window.page(m_store.value(pageKey).toString()))
        window.turnTo(page);
}

void Settings::save(const Window &window)
{
    m_store.setValue(themeKey, nameOf(window.theme()));
    m_store.setValue(geometryKey, window.saveGeometry());
    for (const QSplitter *splitter : window.findChildren<QSplitter *>())
        m_store.setValue(splitterKey(splitter), splitter->saveState());
    m_store.setValue(pageKey, window.page()->objectName());
    m_store.setValue(historyKey, window.console().history());
}
