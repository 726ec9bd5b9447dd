// Errors are values. A Result<T> is either a T or an Error, and an Error says what was wrong in one
// sentence and, where it came out of a configuration file, in which file and line.
//
// Three kinds of trouble have three different words in weir:
//   our bug               -> assert with a message; in a Result also where asserts are compiled out
//   the environment failed -> Error (no memory, no permission, no such file)
//   the peer misbehaved    -> a flow's `end` and a counted reason, never an Error
//
// Plain values; any thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace weir {

// A line of a configuration file. `line` counts from 1; 0 means the file as a whole.
struct Place {
  std::string file;
  int line = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

class Error {
 public:
  explicit Error(std::string text) : text_(std::move(text)) {}
  Error(std::string text, Place place) : text_(std::move(text)), place_(std::move(place)) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Place& place() const { return place_; }

  // The same error, preceded by what was being tried: "cannot listen: permission denied".
  [[nodiscard]] Error while_trying(const std::string& what) const {
    return {what + ": " + text_, place_};
  }

 private:
  std::string text_;
  Place place_;
};

struct Done {};

template <typename T = Done>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error("…");` both read well.
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  [[nodiscard]] T& value() & { return *checked(std::get_if<T>(&state_)); }
  [[nodiscard]] const T& value() const& { return *checked(std::get_if<T>(&state_)); }
  [[nodiscard]] T&& value() && { return std::move(*checked(std::get_if<T>(&state_))); }
  // REQUIRES: !ok()
  [[nodiscard]] const Error& error() const { return *checked(std::get_if<Error>(&state_)); }

 private:
  template <typename P>
  static P* checked(P* pointer) {
    if (pointer == nullptr) [[unlikely]] {
      misread();
    }
    return pointer;
  }
  [[noreturn, gnu::cold, gnu::noinline]] static void misread() {
    std::fputs("weir: a bug: a Result was read as what it is not\n", stderr);
    std::abort();
  }

  std::variant<T, Error> state_;
};

}  // namespace weir
