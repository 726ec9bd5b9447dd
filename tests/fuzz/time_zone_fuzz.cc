// A time zone of any bytes, as a file or as a rule, and a time on its wall: periods follow each
// other, and every instant is found by what the wall shows then. The first byte says what the
// others are.
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/time_input.h"
#include "base/time_zone.h"
#include "expect.h"

namespace weir {
namespace {

using std::chrono::sys_seconds;

void walk(const TimeZone& zone) {
  const sys_seconds begin =
      std::chrono::sys_days(std::chrono::year(2020) / std::chrono::January / 1);
  ZonePeriod period = zone.period_at(begin);
  expect(period.begin <= begin && begin < period.end, "a period has its instant");
  for (int i = 0; i < 50 && period.end != sys_seconds::max(); ++i) {
    const ZonePeriod next = zone.period_at(period.end);
    expect(next.begin == period.end && next.end > next.begin, "periods follow each other");
    period = next;
  }
  for (int day = 0; day < 400; day += 7) {
    const sys_seconds now = begin + std::chrono::days(day) + std::chrono::hours(day % 24);
    expect(zone.occurrence_of(zone.local(now)).how != Occurrence::How::skipped,
           "what the wall shows is found");
  }
}

void parse_any(std::string_view text) {
  const char kind = text.front();
  text.remove_prefix(1);
  if (kind == 't') {
    const TimeZone berlin = TimeZone::from_rule("CET-1CEST,M3.5.0,M10.5.0/3").value();
    if (const auto time = parse_time(text, berlin); !time) {
      expect(!time.error().text().empty(), "an error says something");
    }
    return;
  }
  const auto zone = kind == 'r' ? TimeZone::from_rule(text) : TimeZone::from_tzif(text);
  if (zone) {
    walk(zone.value());
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    weir::parse_any({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
