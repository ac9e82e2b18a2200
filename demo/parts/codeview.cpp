// SPDX-License-Identifier: MIT
#include <demo/parts/codeview.h>

#include <demo/parts/colours.h>

#include <QEvent>
#include <QFile>
#include <QFontDatabase>
#include <QRegularExpression>
#include <QStringList>
#include <QSyntaxHighlighter>

#include <algorithm>

// Q_INIT_RESOURCE must be outside of namespaces. A static library's resources are not there by themselves.
static void initialiseSources()
{
    Q_INIT_RESOURCE(sources);
}

namespace {

qsizetype indentationOf(const QString &line)
{
    const auto first = std::find_if(line.begin(), line.end(), [](QChar letter) { return letter != ' '; });
    return first - line.begin();
}

QString withoutCommonIndentation(const QStringList &lines)
{
    qsizetype common = 1000;
    for (const QString &line : lines) {
        if (!line.trimmed().isEmpty())
            common = std::min(common, indentationOf(line));
    }
    QStringList shown;
    for (const QString &line : lines)
        shown << line.mid(common);
    return shown.join('\n');
}

} // namespace

QString codeOf(const QString &file, const QString &section)
{
    initialiseSources();
    QFile source(QStringLiteral(":/sources/") + file);
    if (!source.open(QIODevice::ReadOnly))
        return QString();
    const QString marker = QStringLiteral("//! [%1]").arg(section);
    QStringList lines;
    bool isInside = false;
    for (const QString &line : QString::fromUtf8(source.readAll()).split('\n')) {
        if (line.trimmed() == marker)
            isInside = !isInside;
        else if (isInside)
            lines << line;
    }
    return withoutCommonIndentation(lines);
}

// As much of C++ as the shown stretches need: no raw strings, no comments of several lines.
class CodeView::Highlighter final : public QSyntaxHighlighter
{
public:
    explicit Highlighter(QPlainTextEdit *view) : QSyntaxHighlighter(view->document()), m_view(view) { }

private:
    void highlightBlock(const QString &text) override
    {
        static const QRegularExpression words(QStringLiteral(
                R"((?<comment>//.*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|)"
                R"((?<wait>\b(?:runSync|tryRunSync|co_await)\b)|)"
                R"((?<keyword>\b(?:auto|bool|break|case|catch|class|const|constexpr|continue|co_return|co_yield|)"
                R"(do|double|else|enum|explicit|false|final|for|if|int|namespace|new|noexcept|nullptr|override|private|)"
                R"(public|return|static|static_cast|switch|template|this|throw|true|try|typename|using|void|while)\b))"));
        for (auto matches = words.globalMatch(text); matches.hasNext();) {
            const QRegularExpressionMatch match = matches.next();
            QTextCharFormat format;
            if (!match.captured(u"comment").isEmpty())
                format.setForeground(Colours::of(Colours::Role::CodeComment, m_view->palette()));
            else if (!match.captured(u"string").isEmpty())
                format.setForeground(Colours::of(Colours::Role::CodeString, m_view->palette()));
            else if (!match.captured(u"keyword").isEmpty())
                format.setForeground(Colours::of(Colours::Role::CodeKeyword, m_view->palette()));
            if (!match.captured(u"wait").isEmpty()) {
                format.setForeground(Colours::of(Colours::Role::CodeWait, m_view->palette()));
                format.setFontWeight(QFont::Bold);
            }
            setFormat(int(match.capturedStart()), int(match.capturedLength()), format);
        }
    }

    const QPlainTextEdit *m_view;
};

CodeView::CodeView(QWidget *parent) : QPlainTextEdit(parent), m_highlighter(new Highlighter(this))
{
    setReadOnly(true);
    setTabChangesFocus(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLineWrapMode(NoWrap);
    setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    setAccessibleName(QObject::tr("Code"));
}

void CodeView::showCode(const QString &code)
{
    if (toPlainText() != code)
        setPlainText(code);
}

void CodeView::changeEvent(QEvent *event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        m_highlighter->rehighlight();
}
