// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/export.h>
#include <interloop/qt/objectwatch.h>
#include <interloop/task/task.h>

#include <QByteArray>
#include <QIODevice>

#include <optional>
#include <string>

/*
 * For a QIODevice that is there already: a QProcess, a QTcpSocket, a QLocalSocket, a QFile, a QBuffer, ...
 *
 *     for (auto line = co_await readLine(process); line; line = co_await readLine(process))
 *         use(*line);
 *
 * Give the device as the type that it has, not as a QIODevice *: then a socket that was disconnected before, or cannot be
 * connected, is noticed.
 */

namespace interloop {

// What a device's own type tells beyond QIODevice.
class DeviceType
{
public:
    template<typename Device>
    static const DeviceType &of();

    DeviceType(void (*watch)(ObjectWatch &), bool (*hasEnded)(QIODevice &), bool (*hasFailed)(QIODevice &)) noexcept
        : watch(watch), hasEnded(hasEnded), hasFailed(hasFailed)
    {
    }

    void (*const watch)(ObjectWatch &watch); // at which further signals to look again
    bool (*const hasEnded)(QIODevice &device); // nothing more comes than what can be read now
    bool (*const hasFailed)(QIODevice &device); // ... and the end is an error
};

INTERLOOP_EXPORT Task<bool> awaitReadyRead(SignalSource source, const DeviceType &type);
INTERLOOP_EXPORT Task<std::optional<QByteArray>> readLine(SignalSource source, const DeviceType &type, qint64 maximum);
INTERLOOP_EXPORT Task<QByteArray> readAll(SignalSource source, const DeviceType &type);

// All: the device must live in this thread and be open for reading; it is not owned. One reader at a time.
// Starts: when awaited. Resumes: from the ready queue, at once when nothing is to be waited for. Cancel: at once; what has
// arrived stays in the device. Buffers: none.
// Throw std::runtime_error when the device is not open for reading, is closed meanwhile, or its connection has failed;
// SenderDestroyed when it dies.
// The end: a random-access device's end; a socket's disconnection; a process's own end (Qt tells of its output's end only
// then).

// True: there is something to read. False: the end.
template<std::derived_from<QIODevice> Device>
Task<bool> awaitReadyRead(Device *device)
{
    return awaitReadyRead(SignalSource(device, QMetaMethod::fromSignal(&QIODevice::readyRead)), DeviceType::of<Device>());
}

// A line with its "\n"; the last one may have none. No line: the end. A line that is longer than `maximum` bytes comes in
// parts of that size; 0: however long it is.
template<std::derived_from<QIODevice> Device>
Task<std::optional<QByteArray>> readLine(Device *device, qint64 maximum = 0)
{
    return readLine(SignalSource(device, QMetaMethod::fromSignal(&QIODevice::readyRead)), DeviceType::of<Device>(), maximum);
}

// Everything until the end. Cancel: what had arrived is gone.
template<std::derived_from<QIODevice> Device>
Task<QByteArray> readAll(Device *device)
{
    return readAll(SignalSource(device, QMetaMethod::fromSignal(&QIODevice::readyRead)), DeviceType::of<Device>());
}

// Sockets tell apart how they ended.
template<typename Device>
bool hasSocketFailed(Device &device)
{
    const auto error = device.error();
    if (error == Device::UnknownSocketError)
        return false; // none
    if constexpr (requires { Device::RemoteHostClosedError; })
        return error != Device::RemoteHostClosedError;
    else
        return error != Device::PeerClosedError;
}

template<typename Device>
const DeviceType &DeviceType::of()
{
    static const DeviceType type(
        [](ObjectWatch &watch) {
            if constexpr (requires { &Device::stateChanged; })
                watch.on(&Device::stateChanged);
            if constexpr (requires { &Device::finished; &Device::isFinished; })
                watch.on(&Device::finished);
        },
        [](QIODevice &device) {
            [[maybe_unused]] auto &typed = static_cast<Device &>(device);
            if constexpr (requires { &Device::finished; &Device::isFinished; })
                return typed.isFinished();
            else if constexpr (requires { typed.state(); })
                return int(typed.state()) == 0; // QProcess::NotRunning, QAbstractSocket::UnconnectedState, ...
            else
                return false;
        },
        [](QIODevice &device) {
            if constexpr (requires { Device::UnknownSocketError; })
                return hasSocketFailed(static_cast<Device &>(device));
            else
                return false;
        });
    return type;
}

} // namespace interloop
