// SPDX-License-Identifier: MIT
#include <demo/parts/colours.h>

#include <algorithm>
#include <cmath>

namespace {

class Entry
{
public:
    constexpr Entry(Colours::Role role, QRgb light, QRgb dark, double leastContrast)
        : role(role), light(light), dark(dark), leastContrast(leastContrast)
    { }

    Colours::Role role;
    QRgb light;
    QRgb dark;
    double leastContrast;
};

constexpr double text = 4.5;
constexpr double bar = 3;
constexpr double decoration = 1;

using Role = Colours::Role;

constexpr Entry table[] = {
        Entry(Role::Created, 0xff808690, 0xff9aa1ab, bar),       Entry(Role::Ready, 0xffb7791f, 0xffe0a93f, bar),
        Entry(Role::Running, 0xff2a8a53, 0xff4fc27f, bar),       Entry(Role::Waiting, 0xff3f83c7, 0xff5fa8ee, bar),
        Entry(Role::Nested, 0xff8450b8, 0xffb892e4, bar),        Entry(Role::Parked, 0xff15818f, 0xff46bccb, bar),
        Entry(Role::HeldBack, 0xffcc2f27, 0xfff2695f, bar),      Entry(Role::Good, 0xff1f7a43, 0xff5fce8e, text),
        Entry(Role::Warning, 0xff8f5c0a, 0xffe8b44f, text),      Entry(Role::Bad, 0xffb3261e, 0xffff8a80, text),
        Entry(Role::Faint, 0xff5c626b, 0xffa4aab3, text),        Entry(Role::Grid, 0xffe1e4e8, 0xff34363b, decoration),
        Entry(Role::Stripe, 0xffeef4fb, 0xff2a2f37, decoration), Entry(Role::CodeKeyword, 0xff6f42c1, 0xffc099f5, text),
        Entry(Role::CodeString, 0xff1a6b2c, 0xff8ccf7e, text),   Entry(Role::CodeComment, 0xff5c6670, 0xffa0a8b0, text),
        Entry(Role::CodeWait, 0xffb03a00, 0xffffa657, text),
};

const Entry &entryOf(Role role)
{
    return *std::find_if(std::begin(table), std::end(table), [role](const Entry &entry) { return entry.role == role; });
}

double luminance(const QColor &colour)
{
    const auto linear = [](double part) {
        return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

} // namespace

QColor Colours::of(Role role, const QPalette &palette)
{
    const Entry &entry = entryOf(role);
    return QColor(isDark(palette) ? entry.dark : entry.light);
}

QList<Colours::Role> Colours::all()
{
    QList<Role> roles;
    for (const Entry &entry : table)
        roles += entry.role;
    return roles;
}

double Colours::leastContrast(Role role)
{
    return entryOf(role).leastContrast;
}

double Colours::contrast(const QColor &one, const QColor &other)
{
    const auto [darker, lighter] = std::minmax({luminance(one), luminance(other)});
    return (lighter + 0.05) / (darker + 0.05);
}
