// The problem: rules are to switch at 20:00 by the clock on the router's wall, and say today when
// they will do so next. That needs the zone's changes to come, for several zones in one test, on
// any thread, and as the file says it now.
//
// Rejected: the C library. localtime_r() and mktime() know one zone a process, which they read once
// (glibc looks at TZ again, but at a replaced /etc/localtime only in localtime()); TZ is an
// environment variable, which must not be set beside threads; none of it tells the next change,
// nor that a time is skipped or there twice. std::chrono has zones since C++20, g++ 12 has not.
//
// The choice: TZif (RFC 9636) is a table of transitions and a rule for what follows them. Both are
// read here. What the C library says of the same files is what the tests compare with.
#include "base/time_zone.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace weir {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

// What every calculation here stays within: the calendar of four digits.
constexpr sys_seconds earliest =
    std::chrono::sys_days(std::chrono::year(1) / std::chrono::January / 2);
constexpr sys_seconds latest =
    std::chrono::sys_days(std::chrono::year(9999) / std::chrono::December / 30);

using Reader = ByteReader<std::endian::big>;

struct Counts {
  std::uint32_t ut_marks = 0;
  std::uint32_t standard_marks = 0;
  std::uint32_t leap_seconds = 0;
  std::uint32_t transitions = 0;
  std::uint32_t offsets = 0;
  std::uint32_t letters = 0;

  // Bytes of the block that they describe, where times have so many.
  [[nodiscard]] std::uint64_t size(std::uint64_t time) const {
    constexpr std::uint64_t offset = 6;
    return transitions * (time + 1) + offsets * offset + letters + leap_seconds * (time + 4) +
           standard_marks + ut_marks;
  }
};

struct Header {
  char version = 0;
  Counts counts;
};

std::optional<Header> read_header(Reader& in) {
  constexpr std::size_t unused = 15;
  if (in.raw(4) != "TZif") {
    return std::nullopt;
  }
  Header out;
  out.version = static_cast<char>(in.u8());
  in.raw(unused);
  out.counts.ut_marks = in.u32();
  out.counts.standard_marks = in.u32();
  out.counts.leap_seconds = in.u32();
  out.counts.transitions = in.u32();
  out.counts.offsets = in.u32();
  out.counts.letters = in.u32();
  return in.failed() ? std::nullopt : std::optional(out);
}

// The abbreviation that begins there.
std::string abbreviation_at(std::string_view letters, std::size_t at) {
  const std::string_view from = letters.substr(std::min(at, letters.size()));
  return std::string(from.substr(0, from.find('\0')));
}

}  // namespace

TimeZone::TimeZone() : offsets_{{.ahead = seconds(0), .abbreviation = "UTC"}} {}

Result<TimeZone> TimeZone::from_rule(std::string_view text) {
  auto rule = ZoneRule::parse(text);
  if (!rule) {
    return rule.error();
  }
  TimeZone zone;
  zone.afterwards_ = std::move(rule).value();
  zone.offsets_ = {zone.afterwards_->period_at(sys_seconds{}).offset};
  return zone;
}

Result<TimeZone> TimeZone::from_tzif(std::string_view bytes) {
  const Error cut("the file is no time zone (TZif), or cut short");
  Reader in(bytes);
  auto header = read_header(in);
  if (!header) {
    return cut;
  }
  std::size_t width = 4;
  if (header->version >= '2') {  // a block of 32-bit times comes first, for old readers
    in.raw(static_cast<std::size_t>(header->counts.size(width)));
    header = read_header(in);
    width = 8;
    if (!header) {
      return cut;
    }
  }
  const Counts& counts = header->counts;
  if (counts.size(width) > bytes.size() || counts.offsets == 0) {
    return cut;
  }
  if (counts.leap_seconds != 0) {
    return Error("the file counts leap seconds, which the system's clock does not");
  }
  TimeZone zone;
  for (std::uint32_t i = 0; i < counts.transitions; ++i) {
    const std::int64_t at =
        width == 8 ? static_cast<std::int64_t>(in.u64()) : static_cast<std::int32_t>(in.u32());
    zone.transitions_.push_back({sys_seconds(seconds(at)), 0});
  }
  bool sound = true;
  for (Transition& transition : zone.transitions_) {
    transition.to = in.u8();
    sound = sound && transition.to < counts.offsets;
  }
  std::vector<std::uint8_t> names;
  zone.offsets_.clear();
  for (std::uint32_t i = 0; i < counts.offsets; ++i) {
    const seconds ahead(static_cast<std::int32_t>(in.u32()));
    in.u8();  // whether it is daylight saving time
    names.push_back(in.u8());
    zone.offsets_.push_back({.ahead = ahead, .abbreviation = ""});
    sound = sound && ahead <= furthest_from_utc && ahead >= -furthest_from_utc;
  }
  const std::string_view letters = in.raw(counts.letters);
  for (std::size_t i = 0; i < names.size(); ++i) {
    zone.offsets_[i].abbreviation = abbreviation_at(letters, names[i]);
  }
  in.raw(counts.standard_marks);
  in.raw(counts.ut_marks);
  if (in.failed() || !sound ||
      !std::is_sorted(zone.transitions_.begin(), zone.transitions_.end(),
                      [](const Transition& a, const Transition& b) { return a.at < b.at; })) {
    return cut;
  }
  if (width == 8) {  // a line follows: the rule that holds after the last transition, or nothing
    const std::string_view footer = in.raw(in.left());
    const auto end = footer.find('\n', 1);
    if (!footer.starts_with('\n') || end == std::string_view::npos) {
      return cut;
    }
    if (end > 1) {
      auto rule = ZoneRule::parse(footer.substr(1, end - 1));
      if (!rule) {
        return rule.error();
      }
      zone.afterwards_ = std::move(rule).value();
    }
  }
  return zone;
}

ZonePeriod TimeZone::period_at(sys_seconds instant) const {
  const auto next =
      std::upper_bound(transitions_.begin(), transitions_.end(), instant,
                       [](sys_seconds t, const Transition& one) { return t < one.at; });
  const bool before_all = next == transitions_.begin();
  if (next == transitions_.end() && afterwards_) {
    ZonePeriod out = afterwards_->period_at(std::clamp(instant, earliest, latest));
    if (!before_all) {
      out.begin = std::max(out.begin, transitions_.back().at);
    }
    if (instant > latest) {
      out.end = sys_seconds::max();
    }
    return out;
  }
  ZonePeriod out;
  out.offset = offsets_.front();
  if (!before_all) {
    out.begin = std::prev(next)->at;
    out.offset = offsets_[std::prev(next)->to];
  }
  if (next != transitions_.end()) {
    out.end = next->at;
  }
  return out;
}

std::chrono::local_seconds TimeZone::local(sys_seconds instant) const {
  const sys_seconds within = std::clamp(instant, earliest, latest);
  return std::chrono::local_seconds(within.time_since_epoch() + period_at(within).offset.ahead);
}

Occurrence TimeZone::occurrence_of(std::chrono::local_seconds local) const {
  const sys_seconds as_utc = std::clamp(sys_seconds(local.time_since_epoch()),
                                        earliest + furthest_from_utc, latest - furthest_from_utc);
  std::optional<sys_seconds> first;
  std::optional<sys_seconds> jump;  // over it
  for (ZonePeriod period = period_at(as_utc - furthest_from_utc);;) {
    const sys_seconds at = as_utc - period.offset.ahead;
    if (at >= period.begin && at < period.end) {
      if (first) {
        return {.how = Occurrence::How::twice, .first = *first, .second = at};
      }
      first = at;
    }
    if (period.end > as_utc + furthest_from_utc) {
      break;
    }
    const ZonePeriod next = period_at(period.end);
    if (!jump && at >= period.end && as_utc - next.offset.ahead < next.begin) {
      jump = next.begin;
    }
    period = next;
  }
  if (first) {
    return {.how = Occurrence::How::once, .first = *first, .second = {}};
  }
  return {.how = Occurrence::How::skipped, .first = jump.value_or(as_utc), .second = {}};
}

}  // namespace weir
