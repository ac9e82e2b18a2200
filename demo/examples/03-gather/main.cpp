// SPDX-License-Identifier: MIT
#include <interloop/interloop.h>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QTextStream>

#include <stdexcept>
#include <vector>

/*
 * Several tasks at once, and all their results: of different kinds, as many as a list has, and some that fail.
 */

using namespace interloop;
using namespace std::chrono_literals;

namespace {

// Takes what it needs by value: after a sibling's failure a gathered task goes on, and outlives the gather.
Task<double> temperature(QString city)
{
    co_await sleepFor(100ms); // a thermometer far away
    if (city == QLatin1String("Atlantis"))
        throw std::runtime_error("no thermometer in Atlantis");
    co_return 2.5 * city.size();
}

Task<> different(QTextStream &out)
{
    const auto all = co_await gather(temperature(QStringLiteral("Oslo")), resolve(QStringLiteral("localhost")),
                                     readFile("/proc/sys/kernel/ostype"));
    const auto &[degrees, addresses, system] = all;
    out << "Oslo has " << degrees << " degrees, localhost " << addresses.size() << " addresses, this is "
        << system.trimmed() << Qt::endl;
}

Task<> asManyAsThereAre(QStringList cities, QTextStream &out)
{
    QElapsedTimer time;
    time.start();
    std::vector<Task<double>> tasks;
    for (const QString &city : cities)
        tasks.push_back(temperature(city));
    const std::vector<double> degrees = co_await gather(std::move(tasks));
    for (qsizetype i = 0; i < cities.size(); ++i)
        out << cities[i] << ' ' << degrees[std::size_t(i)] << ", ";
    out << "in " << time.elapsed() << " ms, and one alone takes 100" << Qt::endl;
}

// gather throws the first failure; gatherResults says of each how it has ended.
Task<> evenIfOneFails(QTextStream &out)
{
    const auto all = co_await gatherResults(temperature(QStringLiteral("Rome")),
                                            temperature(QStringLiteral("Atlantis")));
    const auto &[rome, atlantis] = all;
    out << "Rome: " << rome.value() << "; Atlantis: " << QString::fromStdString(atlantis.errorString()) << Qt::endl;
}

Task<> show(QTextStream &out)
{
    co_await different(out);
    QStringList cities;
    cities << QStringLiteral("Lima") << QStringLiteral("Tokyo") << QStringLiteral("Nairobi");
    co_await asManyAsThereAre(cities, out);
    co_await evenIfOneFails(out);
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QTextStream out(stdout);
    runSync(show(out));
    Bridge::current().close();
    return 0;
}
