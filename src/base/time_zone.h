// A time zone: what the clock on the wall shows at any instant, and when it is changed.
//
// Immutable once made; a value that may be copied and read by any thread. What it is made of is
// read by base/system_zone.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/zone_rule.h"
#include "weir/result.h"

namespace weir {

// Where a time on the wall is found in the stream of time.
struct Occurrence {
  enum class How : std::uint8_t {
    once,
    twice,    // the clock was put back: the second time is `second`
    skipped,  // the clock was put forward over it: `first` is the moment in which it was
  };
  How how = How::once;
  std::chrono::sys_seconds first;
  std::chrono::sys_seconds second;
};

class TimeZone {
 public:
  TimeZone();  // UTC
  // The bytes of a TZif file (RFC 9636).
  static Result<TimeZone> from_tzif(std::string_view bytes);
  // A rule of POSIX: CET-1CEST,M3.5.0,M10.5.0/3.
  static Result<TimeZone> from_rule(std::string_view text);

  [[nodiscard]] ZonePeriod period_at(std::chrono::sys_seconds instant) const;
  [[nodiscard]] std::chrono::local_seconds local(std::chrono::sys_seconds instant) const;
  [[nodiscard]] Occurrence occurrence_of(std::chrono::local_seconds local) const;

 private:
  struct Transition {
    std::chrono::sys_seconds at;
    std::uint8_t to;  // which of offsets_
  };

  std::vector<ZoneOffset> offsets_;  // the first is that of the time before all transitions
  std::vector<Transition> transitions_;
  std::optional<ZoneRule> afterwards_;
};

}  // namespace weir
