// SPDX-License-Identifier: MIT
#include <interloop/uv/communicate.h>

#include <interloop/task/errors.h>
#include <interloop/task/taskgroup.h>
#include <interloop/task/tryawait.h>
#include <interloop/uv/stream.h>
#include <interloop/uv/streamreading.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace interloop {

namespace {

// All that one of the outputs has given. Goes back to where it came from unless it is taken.
class Collected
{
public:
    explicit Collected(UvRef<ProcessPipe> pipe) : m_pipe(std::move(pipe)) { }
    ~Collected()
    {
        if (!m_bytes.isEmpty())
            m_pipe->putBack(std::as_bytes(std::span(m_bytes.constData(), std::size_t(m_bytes.size()))));
    }
    Collected(const Collected &) = delete;
    Collected &operator=(const Collected &) = delete;

    bool isOpen() const noexcept { return m_pipe && m_pipe->isOpen(); }
    UvRef<StreamHandle> stream() const { return UvRef<StreamHandle>(&*m_pipe); }
    void set(QByteArray bytes) { m_bytes = std::move(bytes); }
    QByteArray take() { return std::exchange(m_bytes, QByteArray()); }

private:
    UvRef<ProcessPipe> m_pipe;
    QByteArray m_bytes;
};

Task<> collect(Collected *collected, qsizetype limit)
{
    QByteArray bytes = co_await readToEnd(collected->stream(), limit);
    collected->set(std::move(bytes));
}

// A program need not read all that it is given.
void throwUnlessUnread(const Result<> &written)
{
    try {
        written.value();
    } catch (const std::system_error &error) {
        if (error.code() != std::errc::broken_pipe)
            throw;
    }
}

Task<> feed(UvRef<ProcessPipe> pipe, QByteArray input)
{
    Stream stream{UvRef<StreamHandle>(&*pipe)}; // closes: that tells the program that this is all
    if (input.isEmpty())
        co_return;
    const Result<> written = co_await tryAwait(stream.write(std::move(input)));
    throwUnlessUnread(written);
}

Task<> awaitEnd(UvRef<ProcessHandle> process, std::optional<ProcessExit> *exit)
{
    ProcessWait operation(*process);
    const ProcessExit end = co_await inPlace(operation);
    *exit = end;
}

} // namespace

void requireProgram(const char *operation, const UvRef<ProcessHandle> &process)
{
    if (!process)
        throw uvError(UV_ESRCH, std::string(operation) + " (no program was started)");
    if (process->isOpen())
        process->requireOwnThread(operation);
}

Task<ProcessOutput> communicateWith(UvRef<ProcessHandle> process, QByteArray input, qsizetype limit)
{
    requireProgram("communicate with", process);
    const UvRef<ProcessPipe> pipe = process->pipes()[0];
    if (!input.isEmpty() && !(pipe && pipe->isOpen()))
        throw uvError(UV_EINVAL, process->describe("communicate with") + ": its standard input is not an open pipe");
    if (limit <= 0)
        throw uvError(UV_EINVAL, process->describe("communicate with") + ": at most " + std::to_string(limit) + " bytes");
    Collected output(process->pipes()[1]);
    Collected error(process->pipes()[2]);
    std::optional<ProcessExit> exit;
    TaskGroup group;
    std::vector<TaskHandle<>> parts;
    if (pipe && pipe->isOpen())
        parts.push_back(group.spawn(feed(pipe, std::move(input)), "communicate: input"));
    if (output.isOpen())
        parts.push_back(group.spawn(collect(&output, limit), "communicate: output"));
    if (error.isOpen())
        parts.push_back(group.spawn(collect(&error, limit), "communicate: error output"));
    parts.push_back(group.spawn(awaitEnd(process, &exit), "communicate: end"));
    co_await group.join();
    for (const TaskHandle<> &part : parts)
        co_await part; // throws when the part alone was cancelled, by the bridge's end
    co_return ProcessOutput(*exit, output.take(), error.take());
}

} // namespace interloop
