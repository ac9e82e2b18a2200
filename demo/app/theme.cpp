// SPDX-License-Identifier: MIT
#include <demo/app/theme.h>

#include <QApplication>
#include <QStyle>

namespace {

QPalette paletteFrom(QColor window, QColor base, QColor text, QColor button, QColor highlight, QColor link, QColor faint)
{
    QPalette palette(text, button, button.lighter(150), button.darker(160), button.darker(120), text, base);
    palette.setColor(QPalette::Window, window);
    palette.setColor(QPalette::AlternateBase, window);
    palette.setColor(QPalette::ToolTipBase, base);
    palette.setColor(QPalette::ToolTipText, text);
    palette.setColor(QPalette::BrightText, text);
    palette.setColor(QPalette::PlaceholderText, faint);
    palette.setColor(QPalette::Highlight, highlight);
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, link);
    palette.setColor(QPalette::LinkVisited, link);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, faint);
    return palette;
}

} // namespace

QStringList themeNames()
{
    return {nameOf(Theme::System), nameOf(Theme::Light), nameOf(Theme::Dark)};
}

QString nameOf(Theme theme)
{
    switch (theme) {
    case Theme::Light:
        return QStringLiteral("light");
    case Theme::Dark:
        return QStringLiteral("dark");
    case Theme::System:
        break;
    }
    return QStringLiteral("system");
}

Theme themeCalled(const QString &name, bool *isKnown)
{
    const qsizetype index = themeNames().indexOf(name);
    if (isKnown)
        *isKnown = index >= 0;
    return Theme(std::max<qsizetype>(index, 0));
}

QPalette paletteOf(Theme theme)
{
    if (theme == Theme::Dark) {
        return paletteFrom(QColor(0x2b2d30), QColor(0x1e1f22), QColor(0xe6e8eb), QColor(0x3c3f43), QColor(0x1f6feb),
                           QColor(0x79b8ff), QColor(0xb4bac2));
    }
    return paletteFrom(QColor(0xf3f4f6), QColor(0xffffff), QColor(0x1b1f24), QColor(0xe7e9ec), QColor(0x0b5cbf),
                       QColor(0x0b5cbf), QColor(0x5f6670));
}

void applyTheme(Theme theme)
{
    static const QString systemStyle = QApplication::style()->name();
    static const QPalette systemPalette = QApplication::palette();
    QApplication::setStyle(theme == Theme::System ? systemStyle : QStringLiteral("fusion"));
    QApplication::setPalette(theme == Theme::System ? systemPalette : paletteOf(theme));
}
