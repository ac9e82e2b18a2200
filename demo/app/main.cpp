// SPDX-License-Identifier: MIT
#include <demo/app/options.h>
#include <demo/app/settings.h>
#include <demo/app/window.h>
#include <demo/script/player.h>
#include <demo/server/server.h>

#include <interloop/interloop.h>

#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QTranslator>

#include <cstdio>

namespace {

int fail(const QString &sentence, int status)
{
    std::fprintf(stderr, "interloop-demo: %s\n", qPrintable(sentence));
    return status;
}

int conclude(const Report &report, const QString &fileName)
{
    if (!fileName.isEmpty()) {
        QFile file(fileName);
        const QByteArray json = report.toJson();
        if (!file.open(QIODevice::WriteOnly) || file.write(json) != json.size())
            return fail(QStringLiteral("the report %1 cannot be written: %2").arg(fileName, file.errorString()), 1);
    }
    return report.firstError().isEmpty() ? 0 : fail(report.firstError(), 1);
}

int play(QApplication &application, Window &window, const Server &server, const Options &options)
{
    const QHash<QString, QString> placeholders = {
            {QStringLiteral("{server}"), server.url()},
            {QStringLiteral("{scripts}"), QFileInfo(options.script).absolutePath()},
    };
    Player player(window, readScript(options.script), placeholders, options.screenshot);
    window.setTheme(options.theme.value_or(Theme::Light));
    window.show();
    player.start();
    application.exec();
    interloop::Bridge::current().close();
    player.setStart(window.firstPaint());
    return conclude(player.finish(), options.report);
}

int show(QApplication &application, Window &window, const Options &options)
{
    Settings settings;
    window.setTheme(options.theme.value_or(settings.theme()));
    settings.restore(window);
    window.show();
    const int status = application.exec();
    settings.save(window);
    interloop::Bridge::current().close();
    return status;
}

int runDemo(QApplication &application, const Options &options, const QElapsedTimer &clock)
{
    Server server;
    const QString url = options.url.isEmpty() ? server.url() + QStringLiteral("/slow?ms=3000") : options.url;
    Window window(server, url, options.timeout);
    window.setClock(clock);
    interloop::Bridge &bridge = interloop::Bridge::current();
    bridge.setUnhandledErrorHandler(
            [&window](const QString &where, std::exception_ptr error) { window.showFailure(where, error); });
    bridge.setHeldBackThreshold(std::chrono::hours(1)); // the window itself shows what is held back
    return options.script.isEmpty() ? show(application, window, options) : play(application, window, server, options);
}

} // namespace

int main(int argc, char **argv)
{
    QElapsedTimer clock;
    clock.start();
    QCoreApplication::setOrganizationName(QStringLiteral("Interloop"));
    QCoreApplication::setApplicationName(QStringLiteral("interloop-demo"));
    QCoreApplication::setApplicationVersion(QStringLiteral(INTERLOOP_VERSION));
    const Options options = Options::fromCommandLine(argc, argv);
    if (options.isHeadless)
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    QTranslator translator;
    if (translator.load(QLocale(), QStringLiteral("interloop-demo"), QStringLiteral("_"),
                        QCoreApplication::applicationDirPath() + QStringLiteral("/translations")))
        QCoreApplication::installTranslator(&translator);
    try {
        return runDemo(application, options, clock);
    } catch (const ScriptError &error) {
        return fail(QString::fromUtf8(error.what()), 2);
    } catch (const std::exception &error) {
        return fail(QString::fromUtf8(error.what()), 1);
    }
}
