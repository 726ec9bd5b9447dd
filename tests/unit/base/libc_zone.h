// What the C library makes of a time zone, to compare with. It has one zone a process: it is that
// of the newest of these, and the process's own again when that goes.
#pragma once

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/time_zone.h"
#include "catch.h"

namespace weir {

class LibcZone {
 public:
  explicit LibcZone(const std::string& name) {
    if (const char* tz = std::getenv("TZ"); tz != nullptr) {
      before_ = tz;
    }
    setenv("TZ", name.c_str(), 1);
    tzset();
  }
  ~LibcZone() {
    if (before_) {
      setenv("TZ", before_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
    tzset();
  }
  LibcZone(const LibcZone&) = delete;
  LibcZone& operator=(const LibcZone&) = delete;

  [[nodiscard]] static tm at(std::chrono::sys_seconds instant) {
    const std::time_t seconds = instant.time_since_epoch().count();
    tm out{};
    localtime_r(&seconds, &out);
    return out;
  }

 private:
  std::optional<std::string> before_;
};

inline std::string zone_file(const std::string& name) {
  std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline TimeZone zone_of(const std::string& name) {
  const auto zone = TimeZone::from_tzif(zone_file(name));
  INFO(name << ": the tests need the system's time zones (tzdata)");
  REQUIRE(zone.ok());
  return zone.value();
}

// 2026-03-29 01:30 of UTC.
inline std::chrono::sys_seconds utc(int year, unsigned month, unsigned day, int hour = 0,
                                    int minute = 0, int second = 0) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) /
                               std::chrono::day(day)) +
         std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

inline std::chrono::local_seconds wall(int year, unsigned month, unsigned day, int hour = 0,
                                       int minute = 0) {
  return std::chrono::local_seconds(utc(year, month, day, hour, minute).time_since_epoch());
}

}  // namespace weir
