// SPDX-License-Identifier: MIT
#include <demo/console/commandline.h>

#include <demo/parts/colours.h>

#include <QGuiApplication>
#include <QInputMethod>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace {

constexpr qsizetype mostLines = 200;

bool isSeparator(QChar c)
{
    return c.isSpace() || QStringLiteral("{};\"'").contains(c);
}

// The word that ends with `line`.
QString lastWord(const QString &line)
{
    const auto end = std::find_if(line.rbegin(), line.rend(), isSeparator);
    return line.right(end - line.rbegin());
}

QStringList wordsOf(QString line)
{
    std::replace_if(line.begin(), line.end(), isSeparator, ' ');
    return line.split(' ', Qt::SkipEmptyParts);
}

} // namespace

CommandLine::CommandLine(const QStringList &names) : m_names(names)
{
    setMaxLength(2000);
    // Where the suggestion stands, and whether, changes with each: QLineEdit itself paints no more than the cursor
    // then.
    connect(this, &QLineEdit::cursorPositionChanged, this, [this] { update(); });
    connect(this, &QLineEdit::textChanged, this, [this] { update(); });
}

void CommandLine::setHistory(const QStringList &lines)
{
    m_history.clear();
    m_words.clear();
    for (const QString &line : lines)
        remember(line);
}

void CommandLine::remember(const QString &line)
{
    if (m_history.isEmpty() || m_history.last() != line)
        m_history << line;
    if (m_history.size() > mostLines)
        m_history.removeFirst();
    for (const QString &word : wordsOf(line)) {
        m_words.removeOne(word);
        m_words.prepend(word);
    }
    m_words = m_words.mid(0, 5 * mostLines);
    m_place = m_history.size();
    m_draft.clear();
}

QString CommandLine::suggestion() const
{
    const QString line = text();
    if (cursorPosition() != line.size() || hasSelectedText())
        return QString();
    const QString word = lastWord(line);
    if (word.isEmpty())
        return QString();
    const QString before = line.chopped(word.size()).trimmed();
    const bool isCommand =
            before.isEmpty() || before.endsWith('{') || before.endsWith(';') || before == QLatin1String("help");
    const QStringList &candidates = isCommand ? m_names : m_words;
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&word](const QString &candidate) {
        return candidate.size() > word.size() && candidate.startsWith(word);
    });
    return found == candidates.end() ? QString() : found->mid(word.size());
}

bool CommandLine::focusNextPrevChild(bool next)
{
    const QString rest = next ? suggestion() : QString();
    if (rest.isEmpty())
        return QLineEdit::focusNextPrevChild(next);
    insert(rest);
    return true;
}

void CommandLine::keyPressEvent(QKeyEvent *event)
{
    switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        QGuiApplication::inputMethod()->commit();
        event->accept();
        Q_EMIT returnPressed(); // last: the slot may wait, and this object may be gone then
        return;
    case Qt::Key_Up:
        return recall(m_place - 1);
    case Qt::Key_Down:
        return recall(m_place + 1);
    default:
        QLineEdit::keyPressEvent(event);
    }
}

void CommandLine::recall(qsizetype place)
{
    if (place < 0 || place > m_history.size())
        return;
    if (m_place == m_history.size())
        m_draft = text();
    m_place = place;
    setText(place == m_history.size() ? m_draft : m_history[place]);
}

void CommandLine::paintEvent(QPaintEvent *event)
{
    QLineEdit::paintEvent(event);
    const QString rest = hasFocus() ? suggestion() : QString();
    if (rest.isEmpty())
        return;
    QPainter painter(this);
    painter.setPen(Colours::of(Colours::Role::Faint, palette()));
    QRect place = cursorRect();
    place.setLeft(place.center().x() + 1);
    place.setRight(width());
    painter.drawText(place, Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine, rest);
}
