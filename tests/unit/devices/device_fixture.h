// Leases, neighbours and lines of [devices] in few words.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "devices/device_table.h"

namespace weir {

inline Address address(const std::string& text) { return Address::parse(text).value(); }
inline Mac mac(const std::string& text) { return Mac::parse(text).value(); }

// Two of a manufacturer and one that was made up.
inline const Mac tv = mac("00:00:5e:00:53:01");
inline const Mac printer = mac("00:00:5e:00:53:02");
inline const Mac phone = mac("02:00:5e:10:00:03");

inline constexpr std::chrono::sys_seconds noon{std::chrono::seconds(1'795'780'800)};

inline Lease lease(const std::string& of, const Mac& by, const std::string& name,
                   std::chrono::seconds lasts = std::chrono::hours(1)) {
  return {
      .address = address(of), .mac = by, .name = name, .expires = noon + lasts, .is_over = false};
}

struct Sources {
  std::vector<std::string> named = {};  // "tv 00:00:5e:00:53:01"
  std::vector<Lease> leases = {};
  std::vector<Neighbour> neighbours = {};

  [[nodiscard]] DeviceTable table(std::chrono::sys_seconds now = noon) const {
    std::vector<NamedMac> lines;
    for (const std::string& line : named) {
      lines.push_back(parse_named_mac(line).value());
    }
    auto book = std::make_shared<LeaseBook>();
    book->leases = leases;
    LeaseSource source;
    source.path = "/var/lib/misc/dnsmasq.leases";
    source.state = LeaseSource::State::read;
    source.format = LeaseFormat::dnsmasq;
    book->sources.push_back(source);
    return {lines, book, neighbours, now};
  }
};

}  // namespace weir
