// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/address.h>

#include <QByteArray>

#include <cstddef>
#include <utility>

/*
 * One UDP datagram as it arrived: values, from UdpSocket::receive().
 */

namespace interloop {

// Where a datagram came from and how much of it was received; its bytes lie in the receiver's memory.
class DatagramInfo
{
public:
    enum class Extent : unsigned char {
        Whole,
        Truncated, // longer than the receiver's memory: the rest is lost
    };

    DatagramInfo() noexcept = default; // empty, from nobody
    DatagramInfo(std::size_t size, const SocketAddress &sender, Extent extent) noexcept
        : m_size(size), m_sender(sender), m_extent(extent)
    {
    }

    std::size_t size() const noexcept { return m_size; } // bytes received; 0: an empty datagram, which is one too
    const SocketAddress &sender() const noexcept { return m_sender; }
    bool isTruncated() const noexcept { return m_extent == Extent::Truncated; }

private:
    std::size_t m_size = 0;
    SocketAddress m_sender;
    Extent m_extent = Extent::Whole;
};

// The same with the bytes.
class Datagram : public DatagramInfo
{
public:
    Datagram() noexcept = default; // empty, from nobody
    Datagram(QByteArray data, const DatagramInfo &info) noexcept : DatagramInfo(info), m_data(std::move(data)) { }

    const QByteArray &data() const noexcept { return m_data; }

private:
    QByteArray m_data;
};

} // namespace interloop
