// All lease files of this router as they were at one moment: what they say, and which of them could
// not be read.
//
// Immutable once made, and shared (shared_ptr<const LeaseBook>); any thread. Reading blocks for as
// long as the files are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/lease.h"
#include "devices/lease_files.h"

namespace weir {

// One lease file, and what became of reading it.
struct LeaseSource {
  enum class State : std::uint8_t { read, absent, failed };
  std::string path;
  State state = State::absent;
  std::string problem;  // why it failed
  LeaseFormat format = LeaseFormat::none;
  std::size_t leases = 0;
  BadLines bad;
  friend bool operator==(const LeaseSource&, const LeaseSource&) = default;
};

struct LeaseBook {
  std::vector<Lease> leases;
  std::vector<LeaseSource> sources;

  // Whether there is a file that could be read.
  [[nodiscard]] bool has_source() const;
  friend bool operator==(const LeaseBook&, const LeaseBook&) = default;
};

// Where dnsmasq, ISC dhcpd and Kea keep their leases on Debian, Fedora, OpenWrt and VyOS.
[[nodiscard]] std::vector<std::string> usual_lease_files();

// The path, and what belongs to a file of Kea while it is being cleaned up: PATH.completed, or
// PATH.2 and PATH.1, whose lines come before those of PATH.
[[nodiscard]] std::vector<std::string> with_companions(const std::string& path);

[[nodiscard]] std::shared_ptr<const LeaseBook> read_lease_files(std::span<const std::string> paths);

}  // namespace weir
