// The keys of a configuration section, described once and read everywhere.
//
// A Key is one row: name, kind of value, bounds, default and one sentence. The rows of a section
// (and of an upstream policy, see upstream.h) feed the parser, `weir check`, and the reference.
// Settings is what parsing a section leaves: every value typed and within its row's bounds, so that
// its reader checks only what that reader alone can know.
//
// Plain values; any thread. The rows outlive them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/result.h"
#include "weir/units.h"

namespace weir {

enum class ValueKind : std::uint8_t {
  number,    // decimal or 0x
  duration,  // 250ms 30s 5m 2h4m; bounds in milliseconds
  size,      // 64KiB 1MiB; bounds in bytes
  rate,      // 10Mbit; bounds in bits per second
  mark,      // VALUE/MASK
  yes_no,    // yes, no
  word,      // one of `choices`
  text,      // anything
  list,      // comma-separated items, or @FILE with one item a line
};

struct Key {
  std::string_view name = {};
  ValueKind kind = ValueKind::text;
  // As the operator would write it; empty: no value unless given.
  std::string_view default_value = {};
  std::string_view description = {};
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
  // word: "a, b, c". number and size: words allowed besides a number ("auto").
  std::string_view choices = {};
  enum class Repeat : std::uint8_t { once, repeats } repeat = Repeat::once;
  enum class Need : std::uint8_t { optional, required } need = Need::optional;
  // text and list: the values are names of upstreams, which must exist.
  enum class Refers : std::uint8_t { to_nothing, to_upstreams } refers = Refers::to_nothing;
  // list: what an item `@FILE` is: the file's lines as items of the list, or a set (sets/).
  enum class At : std::uint8_t { lines, set } at = At::lines;
};

// One value as given: its text, where it stood, and what parsing made of it.
struct Value {
  std::string text;
  SourceLocation location;
  std::int64_t number = 0;   // number, duration (ms), size (bytes), rate (bit/s), yes_no (0, 1)
  bool is_choice = false;    // number or size given as one of its `choices` ("auto")
  Mark mark;                 // mark
  std::vector<Value> items;  // list: each with its own place (a line of @FILE)
};

class Settings {
 public:
  Settings() = default;
  // Of two rows with one name the first counts.
  Settings(std::string name, SourceLocation location, std::span<const Key> keys);

  // The section's name ("web" of [rule web]) and the line of its header.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const SourceLocation& location() const { return location_; }

  void add(std::string_view key, Value value);
  // Changes what a key was given; nothing where it was not.
  void edit(std::string_view key, const std::function<void(Value&)>& change);
  // Takes out what a key was given at a place.
  void remove(std::string_view key, const SourceLocation& location);

  // True when the operator wrote the key; a default does not count.
  [[nodiscard]] bool given(std::string_view key) const;
  // The keys that the operator wrote, by name.
  [[nodiscard]] std::vector<std::string_view> given_keys() const;
  // Where the key stands, or the section's header when it is not given.
  [[nodiscard]] SourceLocation location_of(std::string_view key) const;

  // All values given for a key, in order; with none, the row's default if it has one.
  [[nodiscard]] const std::vector<Value>& all(std::string_view key) const;

  // The only value of a key, or its default. REQUIRES: the key has a row, and a value or a default.
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  [[nodiscard]] Milliseconds duration(std::string_view key) const;
  [[nodiscard]] bool yes(std::string_view key) const;
  [[nodiscard]] Mark mark(std::string_view key) const;
  [[nodiscard]] const std::string& text(std::string_view key) const;
  // The text, or "" without value and default.
  [[nodiscard]] std::string text_or_empty(std::string_view key) const;

  // Equal values whatever their place: a reload keeps what did not change.
  [[nodiscard]] bool same_values(const Settings& other) const;

 private:
  [[nodiscard]] const Value& only(std::string_view key) const;

  std::string name_;
  SourceLocation location_;
  std::map<std::string, std::vector<Value>, std::less<>> given_;
  std::map<std::string, std::vector<Value>, std::less<>> defaults_;
};

// Parses one value by its row. The error's text says what was expected. A list's `@FILE` stays an
// item: reading files is the configuration's business.
[[nodiscard]] Result<Value> parse_value(const Key& key, std::string_view text,
                                        const SourceLocation& location);

}  // namespace weir
