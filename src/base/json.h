// A JSON value. What the program prints, answers and reads as JSON is made of these: nlohmann-json,
// which knows the text, is seen by json_text.cc alone, because its header costs every file that
// includes it seconds to compile.
//
// A plain value, owned by its holder; any thread. Nothing here throws over what a stranger wrote: a
// question of the wrong kind gets no value, and text that is not UTF-8 gets U+FFFD in its place.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "weir/result.h"

namespace weir {

class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, text, array, object };
  struct Member;

  // Implicit on purpose: {{"port", 80}, {"names", names}} is an object as it reads best.
  // NOLINTBEGIN(google-explicit-constructor)
  Json() noexcept;                              // null
  Json(std::initializer_list<Member> members);  // an object
  Json(std::vector<Member> members);
  Json(std::vector<Json> items);                // an array
  Json(const std::vector<std::string>& texts);  // an array
  Json(std::string text);
  Json(std::string_view text);
  Json(const char* text);
  Json(double number);
  template <std::integral T>
  requires(!std::same_as<T, char>) Json(T number) : Json(whole(number)) {}  // a boolean too
  // NOLINTEND(google-explicit-constructor)
  explicit Json(Kind empty);  // the empty one of its kind
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();
  friend bool operator==(const Json& a, const Json& b);

  [[nodiscard]] Kind kind() const;
  // Each without a value where it is of another kind.
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::uint64_t> natural() const;  // whole, not negative
  [[nodiscard]] std::optional<std::int64_t> integer() const;   // whole
  [[nodiscard]] std::optional<double> real() const;            // any number
  [[nodiscard]] std::optional<std::string_view> text() const;  // valid as long as this is
  [[nodiscard]] std::span<const Json> items() const;
  [[nodiscard]] std::span<const Member> members() const;  // in the order in which they came
  // The last member of that name; null where this is no object, or has none.
  [[nodiscard]] const Json* find(std::string_view name) const;

  // Null becomes an array or an object by what is added. REQUIRES: no other kind does.
  void push(Json item);
  void set(std::string_view name, Json value);  // in place of one of that name, else at the end
  void merge(Json object);                      // sets all of its members

 private:
  struct Whole {
    std::uint64_t bits = 0;
    enum class Sign : std::uint8_t { none, positive, negative } sign = Sign::none;
  };
  template <typename T>
  static constexpr Whole whole(T number) {
    if constexpr (std::same_as<T, bool>) {
      return {number ? 1U : 0U, Whole::Sign::none};
    } else if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<std::int64_t>(number);
      return {static_cast<std::uint64_t>(wide),
              wide < 0 ? Whole::Sign::negative : Whole::Sign::positive};
    } else {
      return {number, Whole::Sign::positive};
    }
  }
  explicit Json(Whole whole);

  // An int64_t is always negative, so that equal numbers are equal values.
  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string,
               std::vector<Json>, std::vector<Member>>
      value_;
};

struct Json::Member {
  std::string name;
  Json value;
  friend bool operator==(const Member&, const Member&) = default;
};

enum class JsonLayout : std::uint8_t { one_line, indented };

// Without a newline at the end. A number that is none (NaN) is null.
[[nodiscard]] std::string json_text(const Json& value, JsonLayout layout = JsonLayout::one_line);

// The error says where the text stops being JSON. It is one, too, when it is nested deeper than
// anything that means something.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// Members of one object that are texts, without making values of the others: `into[i]` becomes the
// member `names[i]`, and is empty where there is none. Reading stops when each has come; what
// follows may be anything. The error says where the text stops being JSON before that, or that it
// is no object. REQUIRES: as many of both.
[[nodiscard]] Result<> read_texts(std::string_view text, std::span<const std::string_view> names,
                                  std::span<std::string> into);

// Null where the text is not JSON: for readers that take what they understand.
[[nodiscard]] Json json_or_null(std::string_view text);

}  // namespace weir
