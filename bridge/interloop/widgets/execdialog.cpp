// SPDX-License-Identifier: MIT
#include <interloop/widgets/execdialog.h>

#include <interloop/task/errors.h>
#include <interloop/task/event.h>

#include <QDialog>
#include <QEvent>
#include <QPointer>

#include <optional>
#include <string>

namespace interloop {

namespace {

std::string nameOf(const QDialog *dialog)
{
    if (!dialog)
        return "a dialog";
    const QString name = dialog->objectName().isEmpty() ? dialog->windowTitle() : dialog->objectName();
    return std::string(dialog->metaObject()->className()) + " '" + name.toStdString() + '\'';
}

// Sees a dialog end, and keeps it until its result has been asked for.
class DialogWatch final : public QObject
{
public:
    explicit DialogWatch(QDialog &dialog)
        : m_dialog(&dialog), m_name(nameOf(&dialog)), m_deletesOnClose(dialog.testAttribute(Qt::WA_DeleteOnClose))
    {
        connect(&dialog, &QDialog::finished, this, [this](int result) {
            m_finishedWith = result;
            m_hasEnded.set();
        });
        connect(&dialog, &QObject::destroyed, this, [this] { m_hasEnded.set(); });
        dialog.installEventFilter(this);
        dialog.setAttribute(Qt::WA_DeleteOnClose, false);
    }

    Event &hasEnded() noexcept { return m_hasEnded; }

    int result()
    {
        if (m_dialog) {
            const int result = m_dialog->result(); // that a QMessageBox is closed with comes after finished()
            if (m_deletesOnClose)
                m_dialog->deleteLater();
            return result;
        }
        if (m_finishedWith)
            return *m_finishedWith;
        throw SenderDestroyed("execDialog: " + m_name + " was deleted before it was finished");
    }

    void dismiss()
    {
        if (!m_dialog)
            return;
        m_dialog->setAttribute(Qt::WA_DeleteOnClose, m_deletesOnClose);
        if (m_dialog->isVisible())
            m_dialog->reject();
        if (m_dialog && m_dialog->isVisible())
            m_dialog->hide();
    }

protected:
    // Who hides it without a result has ended it too: exec() would return then.
    bool eventFilter(QObject *watched, QEvent *event) override
    {
        if (event->type() == QEvent::Hide && !event->spontaneous())
            m_hasEnded.set();
        return QObject::eventFilter(watched, event);
    }

private:
    QPointer<QDialog> m_dialog;
    std::string m_name;
    Event m_hasEnded;
    std::optional<int> m_finishedWith;
    bool m_deletesOnClose;
};

Task<int> openAndWait(QPointer<QDialog> dialog)
{
    if (!dialog)
        throw SenderDestroyed("execDialog: the dialog was deleted before it was awaited");
    DialogWatch watch(*dialog);
    if (!dialog->isVisible())
        dialog->open();
    try {
        co_await watch.hasEnded().wait();
    } catch (...) {
        watch.dismiss();
        throw;
    }
    co_return watch.result();
}

} // namespace

Task<int> execDialog(QDialog *dialog)
{
    return openAndWait(dialog);
}

} // namespace interloop
