// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/loop/uvhandle.h>
#include <interloop/task/task.h>
#include <interloop/uv/processoptions.h>
#include <interloop/uv/stream.h>

#include <QByteArray>
#include <QString>

#include <array>
#include <csignal>
#include <limits>
#include <utility>

/*
 * Programs that run beside this one. libuv manual, "uv_process_t".
 *
 *     ProcessOptions options(QStringLiteral("sort"));
 *     options.standardInput(Stdio::pipe()).standardOutput(Stdio::pipe());
 *     Process sort = Process::start(options);
 *     const ProcessOutput sorted = co_await sort.communicate("pear\napple\n");
 *
 * A program runs until it ends by itself or is killed: neither a cancelled wait nor the end of its Process ends it, unless
 * ProcessOptions say so. Its pipes are closed with the Process, though, and that ends many. Whatever becomes of the Process, its program is reaped when it ends; none is left as a zombie.
 * For that libuv waits for those that it has started, by their ids, and Qt for those of QProcess: both may be used side by
 * side. Code that waits for any child, as waitpid(-1), takes their ends away from both.
 *
 * The program has the descriptors 0, 1 and 2 and none of those of Qt's, libuv's and this library's; others that are not
 * marked as close-on-exec are inherited. Its signals are as in a fresh program: all at their defaults, none blocked.
 */

namespace interloop {

class ProcessHandle;

// How a program has ended.
class INTERLOOP_EXPORT ProcessExit
{
public:
    ProcessExit(int exitStatus, int signal) noexcept : m_exitStatus(exitStatus), m_signal(signal) { }

    // What it has exited with, 0 to 255. Of one that a signal ended it is the negative signal, as in asyncio.
    int exitStatus() const noexcept { return m_signal ? -m_signal : m_exitStatus; }
    int signal() const noexcept { return m_signal; } // that ended it, or 0
    bool isSuccess() const noexcept { return exitStatus() == 0; }
    QString toString() const; // "exit status 1", "signal 9 (Killed)"

private:
    int m_exitStatus;
    int m_signal;
};

// What a program has written until its end.
class INTERLOOP_EXPORT ProcessOutput
{
public:
    ProcessOutput(const ProcessExit &exit, QByteArray output, QByteArray error)
        : m_output(std::move(output)), m_error(std::move(error)), m_exit(exit)
    {
    }

    const ProcessExit &exit() const noexcept { return m_exit; }
    const QByteArray &standardOutput() const noexcept { return m_output; } // empty when that was no pipe
    const QByteArray &standardError() const noexcept { return m_error; } // likewise

private:
    QByteArray m_output;
    QByteArray m_error;
    ProcessExit m_exit;
};

// Belongs to the thread that started it; movable.
class INTERLOOP_EXPORT Process
{
public:
    Process() noexcept; // no program
    explicit Process(UvRef<ProcessHandle> handle) noexcept;
    Process(Process &&other) noexcept;
    Process &operator=(Process &&other) noexcept; // lets go of the program it had
    ~Process(); // as ProcessOptions::whenDropped says; does not block

    // Returns when the program has begun. Throws std::system_error that names it when it cannot: "start nosuch: no such
    // file or directory"; what is at fault is said if it is not the program itself: its working directory, the interpreter
    // of a script, a descriptor. An empty name, and a NUL in any text, are invalid_argument.
    static Process start(const ProcessOptions &options);

    // Its end; at once when that is known. Any number of tasks may wait, also after it.
    // Starts: when awaited. Resumes: from the ready queue. Buffers: none. Cancel: at once, and the program runs on; with
    // whenCancelled(Abandoned::Killed) it is killed, and the wait ends when it has gone.
    // Throws std::system_error when there is no program, and operation_canceled when the bridge has ended before it.
    Task<ProcessExit> wait();

    // Writes all of `input` to its standard input and closes that; meanwhile reads both outputs to their ends; then waits for
    // its end. Each for a file that is a pipe. All at once, so that no full pipe makes both sides wait for each other. A
    // program that does not read all of its input is no failure. Other programs that it has started and left behind, and that
    // have its outputs, make this wait for them, too.
    // Starts: when awaited. Resumes: from the ready queue. Cancel: the program as in wait(); an input that is not yet written
    // is cut off there; nothing of its outputs is lost, they are for the next communicate() or read. Buffers: none, but this
    // object's end closes the pipes, and ends it with operation_canceled.
    // Throws std::system_error: message_size when one of the outputs has more than `limit` bytes, and then all is as after a
    // cancel; invalid_argument when there is input and no open pipe for it; as wait().
    Task<ProcessOutput> communicate(QByteArray input = {}, qsizetype limit = std::numeric_limits<qsizetype>::max());

    // The other ends of its pipes; closed when that file is no pipe. What it has written can be read after its end, too.
    // Closing the input tells it that nothing more comes; what writes to an output that is closed gets SIGPIPE. All are
    // closed with this object.
    Stream &standardInput() noexcept { return m_streams[0]; }
    Stream &standardOutput() noexcept { return m_streams[1]; }
    Stream &standardError() noexcept { return m_streams[2]; }

    // Sends a signal. Throws std::system_error: no_such_process when the program has ended (never is a stranger hit that has
    // got its id since), invalid_argument when there is no such signal.
    void kill(int signal = SIGTERM);

    int processId() const noexcept; // also after its end; 0: no program
    bool isRunning() const noexcept; // its end is not known yet; false, too, when the bridge has ended

private:
    std::array<Stream, 3> m_streams;
    UvRef<ProcessHandle> m_handle; // null: never started, or moved from
};

} // namespace interloop
