#include "devices/lease_book.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "base/descriptor.h"

namespace weir {
namespace {

// A hundred thousand leases of ISC dhcpd, ten times each.
constexpr off_t largest = 512L * 1024 * 1024;

struct Content {
  LeaseSource::State state = LeaseSource::State::read;
  std::string text;  // or what is wrong
};

Content failed(std::string problem) {
  return {.state = LeaseSource::State::failed, .text = std::move(problem)};
}

Content content_of(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    return absent ? Content{.state = LeaseSource::State::absent, .text = ""}
                  : failed(std::strerror(errno));
  }
  struct stat about {};
  if (fstat(file.get(), &about) != 0) {
    return failed(std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    return failed("it is no file");
  }
  if (about.st_size > largest) {
    return failed("it is larger than 512 MiB");
  }
  Content out;
  out.text.resize(static_cast<std::size_t>(about.st_size));
  std::size_t size = 0;
  while (size < out.text.size()) {
    const ssize_t some = ::read(file.get(), out.text.data() + size, out.text.size() - size);
    if (some < 0 && errno == EINTR) {
      continue;
    }
    if (some < 0) {
      return failed(std::strerror(errno));
    }
    if (some == 0) {
      break;  // it was cut meanwhile
    }
    size += static_cast<std::size_t>(some);
  }
  out.text.resize(size);
  return out;
}

// Kea moves its file away when it cleans up, and begins another one.
void read_kea(const std::string& path, std::string_view content, LeaseList& leases,
              LeaseSource& out) {
  for (const std::string& other : with_companions(path)) {
    const Content moved = other == path ? Content{} : content_of(other);
    const std::string_view text = other == path ? content : std::string_view(moved.text);
    if (moved.state == LeaseSource::State::read && lease_format(text) == LeaseFormat::kea) {
      out.state = LeaseSource::State::read;
      out.format = LeaseFormat::kea;
      read_kea_leases(text, leases, out.bad);
    }
  }
}

LeaseSource read_one(const std::string& path, LeaseList& leases) {
  LeaseSource out;
  out.path = path;
  const Content content = content_of(path);
  out.state = content.state;
  if (out.state == LeaseSource::State::failed) {
    out.problem = content.text;
    return out;
  }
  out.format = lease_format(content.text);
  if (out.format == LeaseFormat::kea || out.format == LeaseFormat::none) {
    read_kea(path, content.text, leases, out);
  } else {
    read_leases(content.text, leases, out.bad);
  }
  return out;
}

}  // namespace

bool LeaseBook::has_source() const {
  return std::any_of(sources.begin(), sources.end(), [](const LeaseSource& source) {
    return source.state == LeaseSource::State::read;
  });
}

std::vector<std::string> usual_lease_files() {
  return {
      "/var/lib/misc/dnsmasq.leases",     // dnsmasq: Debian
      "/var/lib/dnsmasq/dnsmasq.leases",  // Fedora
      "/tmp/dhcp.leases",                 // OpenWrt
      "/etc/pihole/dhcp.leases",          // Pi-hole
      "/var/lib/dhcp/dhcpd.leases",       // ISC dhcpd: Debian
      "/var/lib/dhcpd/dhcpd.leases",      // Fedora
      "/var/lib/kea/kea-leases4.csv",     // Kea
      "/var/lib/kea/kea-leases6.csv",
      "/config/dhcp/dhcp4-leases.csv",  // VyOS
      "/config/dhcp/dhcp6-leases.csv",
  };
}

std::vector<std::string> with_companions(const std::string& path) {
  const std::string completed = path + ".completed";
  if (::access(completed.c_str(), F_OK) == 0) {
    return {completed, path};
  }
  return {path + ".2", path + ".1", path};
}

std::shared_ptr<const LeaseBook> read_lease_files(std::span<const std::string> paths) {
  auto out = std::make_shared<LeaseBook>();
  for (const std::string& path : paths) {
    LeaseList leases;
    LeaseSource source = read_one(path, leases);
    std::vector<Lease> read = leases.take();
    source.leases = read.size();
    std::move(read.begin(), read.end(), std::back_inserter(out->leases));
    out->sources.push_back(std::move(source));
  }
  return out;
}

}  // namespace weir
