// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

/*
 * What a pointer to a signal says about the signal: whose it is, and which values an emission carries.
 */

namespace interloop {

// Whether a parameter is the one by which moc keeps others from emitting the signal: a type of that name, private to
// the sender's class, without content. Only its name can tell.
template<typename Parameter>
constexpr bool isPrivateMark() noexcept
{
    constexpr std::string_view function = __PRETTY_FUNCTION__;
    return std::is_empty_v<Parameter> && function.find("::QPrivateSignal") != std::string_view::npos;
}

// The values of an emission: decayed copies of its arguments.
template<typename... Values>
class SignalValues
{
public:
    using All = std::tuple<Values...>;
};

template<>
class SignalValues<>
{
public:
    using All = void;
};

template<typename Only>
class SignalValues<Only>
{
public:
    using All = Only;
};

// SignalValues of a signal's parameters, without the private mark.
template<typename Values, typename... Parameters>
class PublicParameters
{
public:
    using Type = Values;
};

template<typename... Values, typename First, typename... Rest>
class PublicParameters<SignalValues<Values...>, First, Rest...>
{
    static_assert(std::copy_constructible<std::decay_t<First>>, "an emission is kept as copies of its arguments");
    using Next = std::conditional_t<isPrivateMark<First>(), PublicParameters<SignalValues<Values...>>,
                                    PublicParameters<SignalValues<Values..., std::decay_t<First>>, Rest...>>;

public:
    using Type = typename Next::Type;
};

template<typename Signal>
class SignalParts;

template<typename Class, typename Return, typename... Parameters>
class SignalParts<Return (Class::*)(Parameters...)>
{
public:
    using Sender = Class;
    using Values = typename PublicParameters<SignalValues<>, Parameters...>::Type;
    using Value = typename Values::All; // void, the one value, or a std::tuple
    using Stored = std::conditional_t<std::is_void_v<Value>, std::monostate, Value>;
};

template<typename Class, typename Return, typename... Parameters>
class SignalParts<Return (Class::*)(Parameters...) noexcept> : public SignalParts<Return (Class::*)(Parameters...)>
{
};

// A signal that objects of the class Object have, their own or a base class's.
template<typename Signal, typename Object>
concept SignalOfObject = requires { typename SignalParts<Signal>::Sender; }
        && std::derived_from<std::remove_const_t<Object>, typename SignalParts<Signal>::Sender>;

} // namespace interloop
