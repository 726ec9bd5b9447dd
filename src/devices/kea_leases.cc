// Kea's memfile is CSV with a line that names the columns, of which later versions have more (its
// src/lib/dhcpsrv/csv_lease_file4.cc and 6). A change of a lease is a further line; one with a
// lifetime of 0 removes it. A comma within a value is written &#x2c, so that no value has one.
#include <algorithm>
#include <array>

#include "devices/lease_files.h"
#include "devices/lease_lines.h"

namespace weir {
namespace {

enum Column : std::size_t {
  address,
  hwaddr,
  lifetime,
  expire,
  hostname,
  state,
  prefix_length,
  count
};
constexpr std::array<std::string_view, count> column_names{
    "address", "hwaddr", "valid_lifetime", "expire", "hostname", "state", "prefix_len"};

constexpr std::size_t absent = static_cast<std::size_t>(-1);

// The values of a line, in the order of Column; "" where the file has no such column.
class Columns {
 public:
  // False: some that every version has are not there.
  bool name(std::string_view line) {
    places_.fill(absent);
    width_ = each(line, [&](std::size_t place, std::string_view word) {
      const auto found = std::find(column_names.begin(), column_names.end(), word);
      if (found != column_names.end()) {
        places_.at(static_cast<std::size_t>(found - column_names.begin())) = place;
      }
    });
    return places_[address] == 0 && places_[lifetime] != absent && places_[expire] != absent &&
           places_[hostname] != absent;
  }
  // False: the line has not as many values as the file has columns.
  bool read(std::string_view line) {
    values_.fill({});
    return each(line, [&](std::size_t place, std::string_view value) {
             const auto found = std::find(places_.begin(), places_.end(), place);
             if (found != places_.end()) {
               values_.at(static_cast<std::size_t>(found - places_.begin())) = value;
             }
           }) == width_;
  }
  [[nodiscard]] std::string_view operator[](Column column) const { return values_.at(column); }
  [[nodiscard]] bool has(Column column) const { return places_.at(column) != absent; }

 private:
  template <typename Each>
  static std::size_t each(std::string_view line, Each take) {
    for (std::size_t place = 0;; ++place) {
      const auto comma = line.find(',');
      take(place, line.substr(0, comma));
      if (comma == std::string_view::npos) {
        return place + 1;
      }
      line.remove_prefix(comma + 1);
    }
  }

  std::array<std::size_t, count> places_{};
  std::array<std::string_view, count> values_{};
  std::size_t width_ = 0;
};

// "&#x2c" is a comma.
std::string without_codes(std::string_view text) {
  constexpr std::string_view mark = "&#x";
  std::string out;
  while (true) {
    const auto at = text.find(mark);
    out += text.substr(0, at);
    if (at == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(at + mark.size());
    unsigned value = 0;
    const std::string_view digits = text.substr(0, 2);
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (code == std::errc{} && end == digits.data() + 2) {
      out += static_cast<char>(value);
      text.remove_prefix(2);
    } else {
      out += mark;
    }
  }
}

// What `state` may be: 0 is in use; 1 was refused by the client, 2 has expired and was taken back,
// 3 was given back; 4 is an address that the client has made itself and told the server.
constexpr std::int64_t in_use = 0;
constexpr std::int64_t registered = 4;

// Why the line is none, or "".
std::string_view read_lease(const Columns& line, LeaseList& leases) {
  const auto where = Address::parse(line[address]);
  const auto lives = whole_number(line[lifetime]);
  const auto ends = whole_number(line[expire]);
  const auto is = line.has(state) ? whole_number(line[state]) : std::optional(in_use);
  if (!where) {
    return "its address is none";
  }
  if (!lives || !ends || !is) {
    return "its lifetime, expiry or state is no number";
  }
  if (line.has(prefix_length) && line[prefix_length] != "128") {
    return {};  // a delegated prefix is no device's address
  }
  if (*lives == 0) {
    leases.remove(where.value());
    return {};
  }
  Lease lease;
  lease.address = where.value();
  const auto mac = Mac::parse(line[hwaddr]);
  lease.mac = mac && !mac.value().is_group() ? mac.value() : Mac{};
  lease.name = without_codes(line[hostname]);
  lease.is_over = *is != in_use && *is != registered;
  constexpr std::int64_t for_ever = 0xffff'ffff;
  if (*lives != for_ever) {
    lease.expires = instant_of(*ends);
  }
  if (lease.name.size() > longest_name) {
    return "its host name is too long";
  }
  leases.put(std::move(lease));
  return {};
}

}  // namespace

void read_kea_leases(std::string_view text, LeaseList& leases, BadLines& bad) {
  Columns columns;
  bool named = false;
  each_line(text, [&](const LeaseLine& line) {
    if (line.text.empty()) {
      return;
    }
    if (!named) {
      named = columns.name(line.text);
      if (!named && line.is_finished) {
        bad.add(line.number, "no line before it names the columns");
      }
      return;
    }
    const std::string_view why = columns.read(line.text)
                                     ? read_lease(columns, leases)
                                     : "it has not as many values as the file has columns";
    if (!why.empty() && line.is_finished) {
      bad.add(line.number, why);
    }
  });
}

}  // namespace weir
