// Errors are values. A Result<T> is either a T or an Error, and an Error says what was wrong in one
// sentence and, where it came out of a configuration file, in which file and line.
//
// Three kinds of trouble have three different words in weir:
//   our bug                -> assert with a message; release builds keep them
//   the environment failed -> Error (no memory, no permission, no such file)
//   the peer misbehaved    -> a flow's `end` and a counted reason, never an Error
//
// Plain values; any thread.
#pragma once

#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace weir {

// A line of a configuration file. `line` counts from 1; 0 means the file as a whole.
struct SourceLocation {
  std::string file;
  int line = 0;
  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};
[[nodiscard]] std::string text_of(const SourceLocation& location);  // "FILE", "FILE:LINE"

class Error {
 public:
  explicit Error(std::string text) : text_(std::move(text)) {}
  Error(std::string text, SourceLocation location)
      : text_(std::move(text)), location_(std::move(location)) {}
  // Out of line: nearly every file has some of these, on its unlikely ways.
  Error(const Error& other);
  Error(Error&& other) noexcept;
  Error& operator=(const Error& other);
  Error& operator=(Error&& other) noexcept;
  ~Error();

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const SourceLocation& location() const { return location_; }

  // The same error, preceded by what was being tried: "cannot listen: permission denied".
  [[nodiscard]] Error with_context(const std::string& what) const;

 private:
  std::string text_;
  SourceLocation location_;
};

struct Ok {};

// Not a std::variant: the tables by which that copies and destroys are a tenth of what the tree
// costs to compile.
template <typename T = Ok>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error("…");` both read well.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : value_(std::move(value)), ok_(true) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(std::move(error)), ok_(false) {}
  Result(const Result& other) requires std::copy_constructible<T> : ok_(other.ok_) {
    if (ok_) {
      std::construct_at(&value_, other.value_);
    } else {
      std::construct_at(&error_, other.error_);
    }
  }
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (ok_) {
      std::construct_at(&value_, std::move(other.value_));
    } else {
      std::construct_at(&error_, std::move(other.error_));
    }
  }
  Result& operator=(Result other) noexcept {
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
  }
  ~Result() {
    if (ok_) {
      std::destroy_at(&value_);
    } else {
      std::destroy_at(&error_);
    }
  }

  [[nodiscard]] bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  // REQUIRES: ok()
  [[nodiscard]] T& value() & { return check(ok_), value_; }
  [[nodiscard]] const T& value() const& { return check(ok_), value_; }
  [[nodiscard]] T&& value() && { return check(ok_), std::move(value_); }
  // REQUIRES: !ok()
  [[nodiscard]] const Error& error() const { return check(!ok_), error_; }

 private:
  static void check(bool is_so) {
    if (!is_so) [[unlikely]] {
      misread();
    }
  }
  [[noreturn, gnu::cold, gnu::noinline]] static void misread() {
    std::fputs("weir: a bug: a Result was read as what it is not\n", stderr);
    std::abort();
  }

  union {
    T value_;
    Error error_;
  };
  bool ok_;
};

}  // namespace weir
