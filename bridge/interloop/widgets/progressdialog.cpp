// SPDX-License-Identifier: MIT
#include <interloop/widgets/progressdialog.h>

#include <QCloseEvent>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace interloop {

namespace {

constexpr int comfortableWidth = 46; // of the text, in average characters

// Qt's own word for it, in the user's language, with a letter to press where the style has given it none.
QString withMnemonic(const QString &text)
{
    const bool takesOne = !text.contains(u'&') && !text.isEmpty() && text.front().isUpper();
    return takesOne ? u'&' + text : text;
}

// A label breaks lines between words only: those that are longer than a line, as file names, lose their middle.
QString withWordsCut(const QString &text, const QFontMetrics &metrics, int width)
{
    QStringList words = text.split(u' ');
    for (QString &word : words) {
        if (!word.contains(u'\n'))
            word = metrics.elidedText(word, Qt::ElideMiddle, width);
    }
    return words.join(u' ');
}

} // namespace

ProgressDialog::ProgressDialog(QWidget *parent, const QString &title)
    : QDialog(parent), m_label(new QLabel), m_bar(new QProgressBar)
{
    setObjectName(QStringLiteral("interloop-progress"));
    setWindowTitle(title.isNull() ? QGuiApplication::applicationDisplayName() : title);
    setWindowFlag(Qt::WindowContextHelpButtonHint, false);
    setAttribute(Qt::WA_QuitOnClose, false); // it comes and goes; the application's life hangs on other windows
    if (parent)
        setWindowModality(Qt::WindowModal);

    m_label->setTextFormat(Qt::PlainText);
    m_label->setWordWrap(true);
    m_label->setMinimumWidth(fontMetrics().averageCharWidth() * comfortableWidth);
    m_bar->setRange(0, 0);

    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    m_cancel = buttons->button(QDialogButtonBox::Cancel);
    m_cancel->setText(withMnemonic(m_cancel->text()));
    m_cancel->setFocus();
    connect(buttons, &QDialogButtonBox::rejected, this, &ProgressDialog::reject);

    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_label);
    layout->addWidget(m_bar);
    layout->addStretch();
    layout->addWidget(buttons);
}

void ProgressDialog::setText(const QString &text)
{
    if (m_isCancelling || accessibleName() == text)
        return;
    setAccessibleName(text); // all of it, for who cannot see the bar
    m_label->setAccessibleName(text);
    m_bar->setAccessibleName(text);
    m_label->setText(withWordsCut(text, m_label->fontMetrics(), m_label->minimumWidth()));
    growToFit();
}

// Larger only: a window that follows every text jumps about.
void ProgressDialog::growToFit()
{
    if (!isVisible()) {
        adjustSize();
        return;
    }
    layout()->activate();
    resize(size().expandedTo(QSize(width(), layout()->totalHeightForWidth(width()))));
}

void ProgressDialog::setRange(int minimum, int maximum)
{
    m_bar->setRange(minimum, maximum);
}

void ProgressDialog::setValue(int value)
{
    m_bar->setValue(value);
}

void ProgressDialog::reject()
{
    if (m_isCancelling)
        return;
    setText(tr("Cancelling…"));
    m_isCancelling = true;
    m_cancel->setEnabled(false);
    Q_EMIT cancelRequested();
}

void ProgressDialog::closeEvent(QCloseEvent *event)
{
    event->accept(); // Qt closes all windows before it quits: one that refuses keeps the application from ending
    m_isCancelling = true;
    Q_EMIT closed();
}

// Who disables the parent, as BusyGuard does, disables its child windows with it. This one must stay usable.
void ProgressDialog::changeEvent(QEvent *event)
{
    QDialog::changeEvent(event);
    if (event->type() == QEvent::EnabledChange && !isEnabled())
        setEnabled(true);
}

} // namespace interloop
