// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>

#include <QByteArray>
#include <QString>

#include <concepts>
#include <string>
#include <utility>

/*
 * The name of a file as the kernel has it: bytes. A parameter that takes a QString, and whatever else a program may
 * have paths in; names that are no text survive as a QByteArray.
 */

namespace interloop {

class INTERLOOP_EXPORT FilePath
{
public:
    FilePath() noexcept = default; // empty, which no operation accepts
    explicit(false) FilePath(const QString &path); // as QFile::encodeName() does
    explicit(false) FilePath(const char *path) : m_bytes(path) { }
    explicit(false) FilePath(QByteArray path) noexcept : m_bytes(std::move(path)) { }

    // A std::filesystem::path.
    template<typename Path>
        requires requires(const Path &path) { { path.native() } -> std::convertible_to<const std::string &>; }
    explicit(false) FilePath(const Path &path) : m_bytes(QByteArray::fromStdString(path.native()))
    {
    }

    const QByteArray &bytes() const noexcept { return m_bytes; }
    QString toString() const; // as QFile::decodeName() does

    friend bool operator==(const FilePath &, const FilePath &) noexcept = default; // byte for byte

    // The folder that it is in, and `name` in that folder.
    FilePath folder() const;
    FilePath sibling(const QByteArray &name) const;

    // Throws std::system_error that names `operation` when there can be no such file: the path is empty or has a NUL
    // (invalid_argument), or has more bytes than the kernel takes (filename_too_long). C would cut it silently.
    void require(const char *operation) const;

private:
    QByteArray m_bytes;
};

} // namespace interloop
