#include "devices/lease_files.h"

#include <algorithm>
#include <array>

#include "devices/lease_lines.h"

namespace weir {
namespace {

// Of the first line that has one and is no comment.
std::string_view first_word(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('\r'));
    const std::string_view word = take_word(line);
    if (!word.empty() && word.front() != '#') {
      return word;
    }
  }
  return {};
}

}  // namespace

void BadLines::add(std::size_t line, std::string_view reason) {
  if (count++ == 0) {
    first = line;
    why = reason;
  }
}

LeaseFormat lease_format(std::string_view text) {
  const std::string_view word = first_word(text);
  constexpr std::array<std::string_view, 10> of_isc{
      "lease", "server-duid", "authoring-byte-order", "failover", "host", "ia-na", "ia-ta", "ia-pd",
      "group", "subclass"};
  if (word.empty()) {
    return LeaseFormat::none;
  }
  if (word.starts_with("address,")) {
    return LeaseFormat::kea;
  }
  if (whole_number(word) || word == "duid") {
    return LeaseFormat::dnsmasq;
  }
  return std::find(of_isc.begin(), of_isc.end(), word) == of_isc.end() ? LeaseFormat::unknown
                                                                       : LeaseFormat::isc;
}

LeaseFormat read_leases(std::string_view text, LeaseList& leases, BadLines& bad) {
  const LeaseFormat format = lease_format(text);
  switch (format) {
    case LeaseFormat::none:
      break;
    case LeaseFormat::unknown:
      bad.add(1, "no lease file of dnsmasq, ISC dhcpd or Kea begins like this");
      break;
    case LeaseFormat::dnsmasq:
      read_dnsmasq_leases(text, leases, bad);
      break;
    case LeaseFormat::isc:
      read_isc_leases(text, leases, bad);
      break;
    case LeaseFormat::kea:
      read_kea_leases(text, leases, bad);
      break;
  }
  return format;
}

}  // namespace weir
