// SPDX-License-Identifier: MIT
#include <interloop/qt/iodevice.h>

#include <QProcess>

#include <algorithm>

namespace interloop {

namespace {

// Looks at a device again and again, until there is enough to read or no more comes.
class DeviceReader
{
public:
    DeviceReader(SignalSource source, const DeviceType &type) : m_watch(std::move(source)), m_type(type)
    {
        m_watch.requireOwnThread();
        m_watch.on(&QIODevice::readyRead);
        m_watch.on(&QIODevice::readChannelFinished, [this] { m_hasEnded = true; });
        m_watch.on(&QIODevice::aboutToClose);
        m_type.watch(m_watch);
    }

    ObjectWatch::Next next() noexcept { return m_watch.next(); }

    // Throws when it cannot be read from.
    QIODevice &device() const
    {
        auto *device = m_watch.object<QIODevice>();
        if (!device->isReadable())
            m_watch.fail("the device is not open for reading");
        return *device;
    }

    bool hasBytes() const
    {
        QIODevice &it = device();
        return it.isSequential() ? it.bytesAvailable() > 0 : !it.atEnd();
    }

    // No more bytes come than those that are there. Throws when that is an error.
    bool hasEnded() const
    {
        QIODevice &it = device();
        const bool hasEnded = m_hasEnded || !it.isSequential() || m_type.hasEnded(it) || hasProcessEnded(it);
        if (hasEnded && !hasBytes() && m_type.hasFailed(it))
            m_watch.fail(it.errorString().toStdString());
        return hasEnded;
    }

private:
    static bool hasProcessEnded(const QIODevice &device) // also when it was given as a QIODevice *
    {
        const auto *process = qobject_cast<const QProcess *>(&device);
        return process && process->state() == QProcess::NotRunning;
    }

    ObjectWatch m_watch;
    const DeviceType &m_type;
    bool m_hasEnded = false;
};

// At most `maximum` bytes, or any number when that is 0. (Qt's own readLine(maximum) reads one less, for a final zero.)
QByteArray takeLine(QIODevice &device, qint64 maximum)
{
    if (maximum <= 0)
        return device.readLine();
    QByteArray line(std::min(maximum, device.bytesAvailable()), Qt::Uninitialized);
    line.resize(std::max(device.readLine(line.data(), line.size() + 1), qint64(0)));
    return line;
}

} // namespace

Task<bool> awaitReadyRead(SignalSource source, const DeviceType &type)
{
    DeviceReader reader(std::move(source), type);
    for (;;) {
        if (reader.hasBytes())
            co_return true;
        if (reader.hasEnded())
            co_return false;
        co_await reader.next();
    }
}

Task<std::optional<QByteArray>> readLine(SignalSource source, const DeviceType &type, qint64 maximum)
{
    DeviceReader reader(std::move(source), type);
    for (;;) {
        QIODevice &device = reader.device();
        const bool isFull = maximum > 0 && device.bytesAvailable() >= maximum;
        const bool isLine = isFull || device.canReadLine() || reader.hasEnded();
        if (isLine && reader.hasBytes())
            co_return takeLine(device, maximum);
        if (isLine)
            co_return std::nullopt;
        co_await reader.next();
    }
}

Task<QByteArray> readAll(SignalSource source, const DeviceType &type)
{
    DeviceReader reader(std::move(source), type);
    QByteArray all;
    for (;;) {
        all += reader.device().readAll();
        if (reader.hasEnded() && !reader.hasBytes())
            co_return all;
        co_await reader.next();
    }
}

} // namespace interloop
