// SPDX-License-Identifier: MIT
#pragma once

#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

#include <sys/types.h>

#include <optional>
#include <utility>

/*
 * How a program is to be started: what to run, where, with which environment, what its three standard files are, and
 * what becomes of it when nobody waits for it any more. For Process::start.
 *
 *     ProcessOptions(QStringLiteral("sort"), {QStringLiteral("-n")}).standardOutput(Stdio::null())
 */

namespace interloop {

// What one of a program's standard files is.
class Stdio
{
public:
    enum class Kind : unsigned char { Pipe, Inherit, Null, Descriptor };

    // A pipe, of which the other end is one of the Process's streams: the program's input is written to, its outputs are
    // read. A program that writes more than a pipe holds, 64 KiB as a rule, waits until that is read.
    static Stdio pipe() noexcept { return Stdio(Kind::Pipe, -1); }

    // The one of this process; /dev/null where this process has none.
    static Stdio inherit() noexcept { return Stdio(Kind::Inherit, -1); }

    static Stdio null() noexcept { return Stdio(Kind::Null, -1); } // /dev/null

    // A file descriptor of the caller's, which stays the caller's: it must be open when the program is started, and may be
    // closed as soon as it has been. libuv makes it blocking, for this process too (libuv manual, "uv_spawn").
    static Stdio fromDescriptor(int descriptor) noexcept { return Stdio(Kind::Descriptor, descriptor); }

    Kind kind() const noexcept { return m_kind; }
    int descriptor() const noexcept { return m_descriptor; } // -1: no descriptor of the caller's

private:
    Stdio(Kind kind, int descriptor) noexcept : m_descriptor(descriptor), m_kind(kind) { }

    int m_descriptor;
    Kind m_kind;
};

// What becomes of a program that is let go of while it runs.
enum class Abandoned : unsigned char {
    RunsOn,
    Killed, // by SIGKILL
};

class ProcessOptions
{
public:
    // A program without a slash is looked for along the PATH that it will have itself. The name of the program is its
    // argument 0; `arguments` come behind it. No shell reads them.
    explicit ProcessOptions(QString program, QStringList arguments = {})
        : m_program(std::move(program)), m_arguments(std::move(arguments))
    {
    }

    // All of its environment. Without this, or with one that inherits, it has what this process has when it is started.
    ProcessOptions &environment(QProcessEnvironment environment)
    {
        m_environment = std::move(environment);
        if (m_environment->inheritsFromParent())
            m_environment.reset();
        return *this;
    }

    // Where it starts, and what a relative path to it is relative to. Empty: where this process is.
    ProcessOptions &workingDirectory(QString directory)
    {
        m_workingDirectory = std::move(directory);
        return *this;
    }

    // Stdio::inherit() unless told, all three.
    ProcessOptions &standardInput(Stdio input) noexcept
    {
        m_stdio[0] = input;
        return *this;
    }
    ProcessOptions &standardOutput(Stdio output) noexcept
    {
        m_stdio[1] = output;
        return *this;
    }
    ProcessOptions &standardError(Stdio output) noexcept
    {
        m_stdio[2] = output;
        return *this;
    }

    // In a session of its own, without this process's terminal, as the leader of a group: `::kill(-processId(), SIGTERM)`
    // reaches it and all that it has started.
    ProcessOptions &newSession() noexcept
    {
        m_hasNewSession = true;
        return *this;
    }

    // As another user, or with another group; supplementary groups are dropped. Needs the right to do so.
    ProcessOptions &user(uid_t user) noexcept
    {
        m_user = user;
        return *this;
    }
    ProcessOptions &group(gid_t group) noexcept
    {
        m_group = group;
        return *this;
    }

    // When a wait for it is cancelled. RunsOn unless told.
    ProcessOptions &whenCancelled(Abandoned abandoned) noexcept
    {
        m_whenCancelled = abandoned;
        return *this;
    }

    // When its Process is destroyed, or the bridge ends. RunsOn unless told, as in asyncio; a QProcess kills.
    ProcessOptions &whenDropped(Abandoned abandoned) noexcept
    {
        m_whenDropped = abandoned;
        return *this;
    }

    const QString &program() const noexcept { return m_program; }
    const QStringList &arguments() const noexcept { return m_arguments; }
    const std::optional<QProcessEnvironment> &environment() const noexcept { return m_environment; }
    const QString &workingDirectory() const noexcept { return m_workingDirectory; }
    Stdio standardInput() const noexcept { return m_stdio[0]; }
    Stdio standardOutput() const noexcept { return m_stdio[1]; }
    Stdio standardError() const noexcept { return m_stdio[2]; }
    bool hasNewSession() const noexcept { return m_hasNewSession; }
    std::optional<uid_t> user() const noexcept { return m_user; }
    std::optional<gid_t> group() const noexcept { return m_group; }
    Abandoned whenCancelled() const noexcept { return m_whenCancelled; }
    Abandoned whenDropped() const noexcept { return m_whenDropped; }

private:
    QString m_program;
    QStringList m_arguments;
    std::optional<QProcessEnvironment> m_environment; // empty: this process's
    QString m_workingDirectory;
    Stdio m_stdio[3] = {Stdio::inherit(), Stdio::inherit(), Stdio::inherit()};
    std::optional<uid_t> m_user; // empty: this process's
    std::optional<gid_t> m_group; // likewise
    bool m_hasNewSession = false;
    Abandoned m_whenCancelled = Abandoned::RunsOn;
    Abandoned m_whenDropped = Abandoned::RunsOn;
};

} // namespace interloop
