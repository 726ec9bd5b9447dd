// Lease files of three DHCP servers: text in, leases out. A server writes them while they are read,
// and clients choose their names, so that a line that makes no sense is counted and passed over.
//
// Pure, but for what it is given; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "devices/lease.h"

namespace weir {

// What was passed over in one file.
struct BadLines {
  std::size_t count = 0;
  std::size_t first = 0;  // its number, from 1
  std::string why;        // of the first

  void add(std::size_t line, std::string_view reason);
  friend bool operator==(const BadLines&, const BadLines&) = default;
};

// By what the file begins with, not by its name.
[[nodiscard]] LeaseFormat lease_format(std::string_view text);

// Each puts what it reads into `leases`, over what is there of the same address. What stands behind
// the last end of line, or of a block, is still being written: taken where it is whole, else passed
// over in silence.
void read_dnsmasq_leases(std::string_view text, LeaseList& leases, BadLines& bad);
void read_isc_leases(std::string_view text, LeaseList& leases, BadLines& bad);
void read_kea_leases(std::string_view text, LeaseList& leases, BadLines& bad);

// By its format; an empty file has no leases.
LeaseFormat read_leases(std::string_view text, LeaseList& leases, BadLines& bad);

}  // namespace weir
