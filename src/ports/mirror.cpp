#include "ports/mirror.h"

#include <array>
#include <utility>

namespace mainstay {
namespace {

template <class E, std::size_t N>
using Words = std::array<std::pair<E, std::string_view>, N>;

constexpr Words<MirrorRole, 6> roles = {{
    {MirrorRole::opening, "opening"},
    {MirrorRole::secondary, "secondary"},
    {MirrorRole::promoting, "promoting"},
    {MirrorRole::primary, "primary"},
    {MirrorRole::demoting, "demoting"},
    {MirrorRole::broken, "broken"},
}};

constexpr Words<CopyState, 7> states = {{
    {CopyState::unknown, "unknown"},
    {CopyState::up_to_date, "up to date"},
    {CopyState::outdated, "outdated"},
    {CopyState::inconsistent, "inconsistent"},
    {CopyState::recovering, "recovering"},
    {CopyState::diverged, "diverged"},
    {CopyState::failed, "failed"},
}};

constexpr Words<MirrorOrder, 6> orders = {{
    {MirrorOrder::connect, "connect"},
    {MirrorOrder::break_off, "break"},
    {MirrorOrder::verify, "verify"},
    {MirrorOrder::repair, "repair"},
    {MirrorOrder::resize, "resize"},
    {MirrorOrder::force, "force"},
}};

template <class E, std::size_t N>
std::string_view word_of(const Words<E, N>& words, E value) {
  for (const auto& [each, word] : words) {
    if (each == value) return word;
  }
  return "?";
}

template <class E, std::size_t N>
std::optional<E> value_of(const Words<E, N>& words, std::string_view text) {
  for (const auto& [each, word] : words) {
    if (word == text) return each;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(MirrorRole role) { return word_of(roles, role); }
std::string_view to_text(CopyState state) { return word_of(states, state); }
std::string_view to_text(MirrorOrder order) { return word_of(orders, order); }

std::optional<MirrorRole> mirror_role_from(std::string_view text) { return value_of(roles, text); }
std::optional<CopyState> copy_state_from(std::string_view text) { return value_of(states, text); }
std::optional<MirrorOrder> mirror_order_from(std::string_view text) {
  return value_of(orders, text);
}

std::string_view colour_of(CopyState state) {
  switch (state) {
    case CopyState::up_to_date:
      return "green";
    case CopyState::recovering:
      return "yellow";
    case CopyState::outdated:
    case CopyState::inconsistent:
    case CopyState::diverged:
    case CopyState::failed:
      return "red";
    case CopyState::unknown:
      break;
  }
  return "gray";
}

}  // namespace mainstay
