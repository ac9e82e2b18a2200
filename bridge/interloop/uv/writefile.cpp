// SPDX-License-Identifier: MIT
#include <interloop/uv/wholefile.h>

#include <interloop/task/errors.h>
#include <interloop/uv/blockingfile.h>
#include <interloop/uv/stoppablework.h>

#include <QRandomGenerator>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string>

namespace interloop {

namespace {

constexpr qsizetype chunkSize = 1024 * 1024; // between two looks at whether the wait was cancelled

// A new file beside the one that it shall replace; removed unless it was put in that one's place.
class NewFile
{
public:
    NewFile(const QByteArray &target, int mode) : m_target(target), m_file(make(target, mode)) { }
    NewFile(const NewFile &) = delete;
    NewFile &operator=(const NewFile &) = delete;
    ~NewFile()
    {
        if (!m_isInPlace)
            removeBlocking(m_file.path());
    }

    BlockingFile &file() noexcept { return m_file; }

    void putInPlace()
    {
        m_file.close();
        renameBlocking(m_file.path(), m_target);
        m_isInPlace = true;
    }

private:
    static BlockingFile make(const QByteArray &target, int mode)
    {
        constexpr qsizetype longest = 200; // of 255 bytes that a name may have
        const QByteArray name = target.mid(target.lastIndexOf('/') + 1).left(longest);
        for (;;) {
            const QByteArray random = QByteArray::number(QRandomGenerator::global()->generate64(), 36);
            const QByteArray path = FilePath(target).sibling('.' + name + '.' + random).bytes();
            try {
                return BlockingFile(path, O_WRONLY | O_CREAT | O_EXCL, mode);
            } catch (const std::system_error &error) {
                if (error.code() != std::errc::file_exists)
                    throw;
            }
        }
    }

    QByteArray m_target;
    BlockingFile m_file;
    bool m_isInPlace = false;
};

class WriteFileWork final : public StoppableWork
{
public:
    WriteFileWork(const QByteArray &path, const QByteArray &data) noexcept : m_path(path), m_data(data) { }
    std::string describe() const override { return "write " + m_path.toStdString(); }

private:
    void execute() override
    {
        const QByteArray target = followLinks(m_path);
        const std::optional<uv_stat_t> old = statusBlocking(target);
        if (old)
            requireReplaceable(*old);
        try {
            replace(target, old);
        } catch (const std::system_error &error) {
            throw errorOfStep(describe(), error); // which names the new file, of which the user knows nothing
        }
    }

    void replace(const QByteArray &target, const std::optional<uv_stat_t> &old) const
    {
        NewFile replacement(target, old ? 0600 : 0666);
        writeAll(replacement.file());
        if (old)
            replacement.file().takeOver(*old);
        replacement.file().sync();
        stopIfCancelled();
        replacement.putInPlace();
        syncFolder(FilePath(target).folder().bytes());
    }

    void requireReplaceable(const uv_stat_t &status) const
    {
        if (S_ISDIR(status.st_mode))
            throwFsError(UV_EISDIR, "write", m_path);
        if (!S_ISREG(status.st_mode))
            throwFsError(UV_EINVAL, "write", m_path + " (no regular file)");
    }

    void writeAll(const BlockingFile &file) const
    {
        qsizetype written = 0;
        while (written < m_data.size()) {
            stopIfCancelled();
            written += file.write(m_data.constData() + written, std::min(m_data.size() - written, chunkSize));
        }
    }

    const QByteArray &m_path;
    const QByteArray &m_data;
};

} // namespace

Task<> writeFile(FilePath path, QByteArray data)
{
    path.require("write");
    WriteFileWork work(path.bytes(), data);
    co_await inPlace(work);
}

} // namespace interloop
