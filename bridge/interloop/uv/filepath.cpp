// SPDX-License-Identifier: MIT
#include <interloop/uv/filepath.h>

#include <interloop/task/errors.h>

#include <QFile>
#include <uv.h>

#include <climits>

namespace interloop {

FilePath::FilePath(const QString &path) : m_bytes(QFile::encodeName(path)) { }

QString FilePath::toString() const
{
    return QFile::decodeName(m_bytes);
}

FilePath FilePath::folder() const
{
    const qsizetype slash = m_bytes.lastIndexOf('/');
    if (slash < 0)
        return FilePath(".");
    return FilePath(m_bytes.left(slash == 0 ? 1 : slash));
}

FilePath FilePath::sibling(const QByteArray &name) const
{
    return FilePath(m_bytes.left(m_bytes.lastIndexOf('/') + 1) + name);
}

void FilePath::require(const char *operation) const
{
    const std::string start = std::string(operation) + ' ';
    if (m_bytes.isEmpty())
        throw uvError(UV_EINVAL, start + "(an empty path)");
    if (m_bytes.contains('\0'))
        throw uvError(UV_EINVAL, start + QByteArray(m_bytes).replace('\0', "\\0").toStdString() + " (with a NUL)");
    if (m_bytes.size() >= PATH_MAX) {
        const std::string size = " (" + std::to_string(m_bytes.size()) + " bytes)";
        throw uvError(UV_ENAMETOOLONG, start + m_bytes.left(100).toStdString() + "..." + size);
    }
}

} // namespace interloop
