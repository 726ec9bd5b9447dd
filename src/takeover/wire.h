// Numbers, texts and endpoints as bytes, for the messages of a takeover: both ends are on one
// machine, but not of one build, so everything has a fixed width and one byte order (little).
//
// A reader never reads past its end: what is missing, or too much, makes it fail, and from then on
// everything it reads is zero. Whoever reads asks once, at the end, whether all was there.
//
// No I/O. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::takeover {

class Writer {
 public:
  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void i64(std::int64_t value) { number(static_cast<std::uint64_t>(value), 8); }
  void text(std::string_view value);
  void endpoint(const Endpoint& value);
  // Of the monotonic clock, which is the same for all processes since the machine started.
  void instant(Instant value) { i64(value.time_since_epoch().count()); }

  [[nodiscard]] const std::string& bytes() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void number(std::uint64_t value, std::size_t width);
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(number(8)); }
  std::string text();
  Endpoint endpoint();
  Instant instant();
  // How many things follow, of at least `smallest` bytes each: more than can be there is a failure,
  // so that a hostile number reserves no memory.
  std::size_t count(std::size_t smallest);

  void fail();
  // All was there, and nothing else.
  [[nodiscard]] bool is_complete() const { return !failed_ && left_.empty(); }
  [[nodiscard]] bool has_failed() const { return failed_; }

 private:
  std::uint64_t number(std::size_t width);
  std::string_view left_;
  bool failed_ = false;
};

}  // namespace weir::takeover
