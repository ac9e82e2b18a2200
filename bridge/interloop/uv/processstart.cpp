// SPDX-License-Identifier: MIT
#include <interloop/uv/processstart.h>

#include <interloop/loop/bridge.h>
#include <interloop/loop/pump.h>
#include <interloop/task/errors.h>
#include <interloop/uv/processhandle.h>
#include <interloop/uv/processstdio.h>

#include <QFile>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace interloop {

namespace {

// What is refused before libuv sees it.
class Check
{
public:
    explicit Check(const ProcessOptions &options) : m_options(options) { }

    void run() const
    {
        if (m_options.program().isEmpty())
            refuse("the program's name is empty");
        requireNoNul(m_options.program(), "the program's name");
        for (const QString &argument : m_options.arguments())
            requireNoNul(argument, "an argument");
        requireNoNul(m_options.workingDirectory(), "the working directory");
        if (m_options.environment())
            checkEnvironment();
    }

private:
    [[noreturn]] void refuse(const std::string &why) const
    {
        QString program = m_options.program();
        program.replace(QChar(u'\0'), QStringLiteral("\\0"));
        throw uvError(UV_EINVAL, "start " + program.toStdString() + ": " + why);
    }
    void requireNoNul(const QString &text, const char *what) const
    {
        if (text.contains(QChar(u'\0')))
            refuse(std::string(what) + " contains a NUL");
    }
    void checkEnvironment() const
    {
        for (const QString &name : m_options.environment()->keys()) {
            if (name.isEmpty() || name.contains(QChar(u'=')))
                refuse(name.toStdString() + " cannot be the name of an environment variable");
            requireNoNul(name, "the name of an environment variable");
            requireNoNul(m_options.environment()->value(name), "an environment variable");
        }
    }

    const ProcessOptions &m_options;
};

// An array of texts as execvp() wants it.
class CStrings
{
public:
    void append(QByteArray text) { m_texts.push_back(std::move(text)); }
    char **data()
    {
        m_pointers.clear();
        for (QByteArray &text : m_texts)
            m_pointers.push_back(text.data());
        m_pointers.push_back(nullptr);
        return m_pointers.data();
    }

private:
    std::vector<QByteArray> m_texts;
    std::vector<char *> m_pointers;
};

bool canEnter(const QByteArray &directory)
{
    struct stat status;
    return stat(directory.constData(), &status) == 0 && S_ISDIR(status.st_mode) && access(directory.constData(), X_OK) == 0;
}

bool exists(const ProcessOptions &options)
{
    const QString &program = options.program();
    const bool isInDirectory = !program.startsWith(QChar(u'/')) && !options.workingDirectory().isEmpty();
    const QString path = isInDirectory ? options.workingDirectory() + QChar(u'/') + program : program;
    return program.contains(QChar(u'/')) && access(QFile::encodeName(path).constData(), F_OK) == 0;
}

// The program has not begun: what libuv's code is about. The system has one code for all that may be missing.
std::string subjectOf(int error, const ProcessOptions &options)
{
    const std::string program = "start " + options.program().toStdString();
    const QString &directory = options.workingDirectory();
    if (!directory.isEmpty() && !canEnter(QFile::encodeName(directory)))
        return program + ": working directory " + directory.toStdString();
    if (error == UV_ENOENT && exists(options))
        return program + ": its interpreter";
    return program;
}

unsigned flagsOf(const ProcessOptions &options)
{
    unsigned flags = 0;
    if (options.hasNewSession())
        flags |= UV_PROCESS_DETACHED;
    if (options.user())
        flags |= UV_PROCESS_SETUID;
    if (options.group())
        flags |= UV_PROCESS_SETGID;
    return flags;
}

} // namespace

UvRef<ProcessHandle> startProcess(const ProcessOptions &options)
{
    Check(options).run();
    const QByteArray program = QFile::encodeName(options.program());
    const QByteArray directory = QFile::encodeName(options.workingDirectory());
    CStrings arguments;
    arguments.append(program);
    for (const QString &argument : options.arguments())
        arguments.append(argument.toLocal8Bit());
    CStrings environment;
    if (options.environment()) {
        for (const QString &variable : options.environment()->toStringList())
            environment.append(variable.toLocal8Bit());
    }
    ProcessStdio stdio(options);

    uv_process_options_t request = {};
    request.file = program.constData();
    request.args = arguments.data();
    request.env = options.environment() ? environment.data() : nullptr;
    request.cwd = directory.isEmpty() ? nullptr : directory.constData();
    request.flags = flagsOf(options);
    request.uid = options.user().value_or(0);
    request.gid = options.group().value_or(0);
    request.stdio_count = stdioCount;
    request.stdio = stdio.containers();

    UvRef<ProcessHandle> process(new ProcessHandle(currentPump(), options, stdio.pipes()));
    if (const int error = process->start(request))
        throw uvError(error, subjectOf(error, options));
    return process;
}

} // namespace interloop
