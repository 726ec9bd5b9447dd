#include "base/json.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace weir {

namespace {

template <typename T, typename... Of>
std::optional<T> held(const std::variant<Of...>& value) {
  const T* found = std::get_if<T>(&value);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

}  // namespace

Json::Json() noexcept = default;
Json::Json(std::initializer_list<Member> members) : value_(std::vector<Member>(members)) {}
Json::Json(std::vector<Member> members) : value_(std::move(members)) {}
Json::Json(std::vector<Json> items) : value_(std::move(items)) {}
Json::Json(const std::vector<std::string>& texts)
    : value_(std::vector<Json>(texts.begin(), texts.end())) {}
Json::Json(std::string text) : value_(std::move(text)) {}
Json::Json(std::string_view text) : value_(std::string(text)) {}
Json::Json(const char* text) : value_(std::string(text)) {}
Json::Json(double number) : value_(number) {}
Json::Json(Whole whole) {
  switch (whole.sign) {
    case Whole::Sign::none:
      value_ = whole.bits != 0;
      break;
    case Whole::Sign::positive:
      value_ = whole.bits;
      break;
    case Whole::Sign::negative:
      value_ = static_cast<std::int64_t>(whole.bits);
      break;
  }
}
Json::Json(Kind empty) {
  switch (empty) {
    case Kind::null:
      break;
    case Kind::boolean:
      value_ = false;
      break;
    case Kind::number:
      value_ = std::uint64_t{0};
      break;
    case Kind::text:
      value_ = std::string();
      break;
    case Kind::array:
      value_ = std::vector<Json>();
      break;
    case Kind::object:
      value_ = std::vector<Member>();
      break;
  }
}
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

Json::Kind Json::kind() const {
  constexpr std::array kinds{Kind::null,   Kind::boolean, Kind::number, Kind::number,
                             Kind::number, Kind::text,    Kind::array,  Kind::object};
  static_assert(kinds.size() == std::variant_size_v<decltype(value_)>);
  return kinds.at(value_.index());
}

std::optional<bool> Json::boolean() const { return held<bool>(value_); }

std::optional<std::uint64_t> Json::natural() const { return held<std::uint64_t>(value_); }

std::optional<std::int64_t> Json::integer() const {
  const auto positive = natural();
  return positive && std::in_range<std::int64_t>(*positive)
             ? std::optional(static_cast<std::int64_t>(*positive))
             : held<std::int64_t>(value_);
}

std::optional<double> Json::real() const {
  if (const auto positive = natural()) {
    return static_cast<double>(*positive);
  }
  if (const auto negative = held<std::int64_t>(value_)) {
    return static_cast<double>(*negative);
  }
  return held<double>(value_);
}

std::optional<std::string_view> Json::text() const {
  const auto* found = std::get_if<std::string>(&value_);
  return found != nullptr ? std::optional<std::string_view>(*found) : std::nullopt;
}

std::span<const Json> Json::items() const {
  const auto* found = std::get_if<std::vector<Json>>(&value_);
  return found != nullptr ? std::span<const Json>(*found) : std::span<const Json>();
}

std::span<const Json::Member> Json::members() const {
  const auto* found = std::get_if<std::vector<Member>>(&value_);
  return found != nullptr ? std::span<const Member>(*found) : std::span<const Member>();
}

const Json* Json::find(std::string_view name) const {
  const auto all = members();
  const auto found = std::find_if(all.rbegin(), all.rend(),
                                  [&](const Member& member) { return member.name == name; });
  return found == all.rend() ? nullptr : &found->value;
}

void Json::push(Json item) {
  if (kind() == Kind::null) {
    value_ = std::vector<Json>();
  }
  auto* all = std::get_if<std::vector<Json>>(&value_);
  assert(all != nullptr && "an item is added to what is no array");
  all->push_back(std::move(item));
}

void Json::set(std::string_view name, Json value) {
  if (kind() == Kind::null) {
    value_ = std::vector<Member>();
  }
  auto* all = std::get_if<std::vector<Member>>(&value_);
  assert(all != nullptr && "a member is added to what is no object");
  const auto found =
      std::find_if(all->begin(), all->end(), [&](const Member& one) { return one.name == name; });
  if (found != all->end()) {
    found->value = std::move(value);
  } else {
    all->push_back({std::string(name), std::move(value)});
  }
}

void Json::merge(Json object) {
  auto* members = std::get_if<std::vector<Member>>(&object.value_);
  assert(members != nullptr && "what is merged is no object");
  for (Member& member : *members) {
    set(member.name, std::move(member.value));
  }
}

}  // namespace weir
