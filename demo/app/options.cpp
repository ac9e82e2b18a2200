// SPDX-License-Identifier: MIT
#include <demo/app/options.h>

#include <QCommandLineParser>
#include <QCoreApplication>

#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void refuse(const QString &sentence)
{
    std::fprintf(stderr, "interloop-demo: %s\nTry interloop-demo --help.\n", qPrintable(sentence));
    std::exit(2);
}

// Without one, Qt would abort.
bool hasDisplay()
{
#ifdef Q_OS_LINUX
    const auto isSet = [](const char *variable) { return !qEnvironmentVariableIsEmpty(variable); };
    return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") || isSet("QT_QPA_PLATFORM");
#else
    return true;
#endif
}

} // namespace

Options Options::fromCommandLine(int argc, char **argv)
{
    const QCoreApplication application(argc, argv); // the parser's, gone before the real one
    const QCommandLineOption headless(QStringLiteral("headless"),
                                      QStringLiteral("Play a script without a display (on Qt's offscreen platform)."));
    const QCommandLineOption url(QStringLiteral("url"),
                                 QStringLiteral("The URL to begin with, instead of the demo's own server."),
                                 QStringLiteral("URL"));
    const QCommandLineOption timeout(QStringLiteral("timeout"),
                                     QStringLiteral("How long a server may be silent, 1 to 600; 5 unless told."),
                                     QStringLiteral("SECONDS"), QStringLiteral("5"));
    const QCommandLineOption theme(QStringLiteral("theme"),
                                   QStringLiteral("The colours: %1; otherwise those of the last time.")
                                           .arg(themeNames().join(QStringLiteral(", "))),
                                   QStringLiteral("THEME"));
    const QCommandLineOption script(QStringLiteral("script"), QStringLiteral("Play the steps in FILE, then end."),
                                    QStringLiteral("FILE"));
    const QCommandLineOption screenshot(QStringLiteral("screenshot"),
                                        QStringLiteral("Save the window at the script's end."),
                                        QStringLiteral("FILE.png"));
    const QCommandLineOption report(QStringLiteral("report"),
                                    QStringLiteral("Save what the steps gave and how smoothly it went."),
                                    QStringLiteral("FILE.json"));

    QCommandLineParser parser;
    parser.setApplicationDescription(
            QStringLiteral("A window whose slots block while it stays alive: Qt, libuv and libcurl on one thread."));
    parser.setSingleDashWordOptionMode(QCommandLineParser::ParseAsLongOptions);
    const QCommandLineOption help({QStringLiteral("h"), QStringLiteral("help")}, QStringLiteral("Say this."));
    const QCommandLineOption version({QStringLiteral("v"), QStringLiteral("version")},
                                     QStringLiteral("Say which version this is."));
    parser.addOptions({help, version, url, timeout, theme, headless, script, screenshot, report});
    if (!parser.parse(QCoreApplication::arguments()))
        refuse(parser.errorText());
    if (parser.isSet(help))
        parser.showHelp();
    if (parser.isSet(version))
        parser.showVersion();
    if (!parser.positionalArguments().isEmpty())
        refuse(QStringLiteral("unexpected argument \"%1\"").arg(parser.positionalArguments().first()));

    Options options;
    options.isHeadless = parser.isSet(headless);
    options.url = parser.value(url);
    options.timeout = parser.value(timeout).toInt();
    if (parser.isSet(theme)) {
        bool isKnown = false;
        options.theme = themeCalled(parser.value(theme), &isKnown);
        if (!isKnown)
            refuse(QStringLiteral("--theme %1 is none of %2")
                           .arg(parser.value(theme), themeNames().join(QStringLiteral(", "))));
    }
    options.script = parser.value(script);
    options.screenshot = parser.value(screenshot);
    options.report = parser.value(report);
    if (options.timeout < 1 || options.timeout > 600)
        refuse(QStringLiteral("--timeout %1 is not a number from 1 to 600").arg(parser.value(timeout)));
    if (options.script.isEmpty() && (options.isHeadless || !options.screenshot.isEmpty() || !options.report.isEmpty()))
        refuse(QStringLiteral("--headless, --screenshot and --report need --script FILE"));
    if (!options.isHeadless && !hasDisplay())
        refuse(QStringLiteral("there is no display: neither DISPLAY, WAYLAND_DISPLAY nor QT_QPA_PLATFORM is set; "
                              "--headless --script FILE needs none"));
    return options;
}
