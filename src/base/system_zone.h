// The time zone of this machine: TZ where the process has it, else /etc/localtime, else /etc/TZ (a
// rule of POSIX, as OpenWrt keeps it), else UTC. Read anew whenever it is asked for, so that a
// reload sees a zone that was changed.
//
// Reading blocks, for less than a millisecond. Any thread, as long as none sets environment
// variables.
#pragma once

#include <optional>
#include <string>

#include "base/time_zone.h"

namespace weir {

struct SystemZone {
  TimeZone zone;
  std::string source;   // "Europe/Berlin (/etc/localtime)", "TZ=CET-1CEST"; "UTC" where none is set
  std::string problem;  // why UTC is taken although that is not what is set; else ""
};

struct ZonePlaces {
  std::optional<std::string> tz;  // the value of TZ; none: it is not set
  std::string etc = "/etc";
  std::string zones = "/usr/share/zoneinfo";

  [[nodiscard]] static ZonePlaces of_this_process();
};

[[nodiscard]] SystemZone read_system_zone(const ZonePlaces& places = ZonePlaces::of_this_process());

}  // namespace weir
