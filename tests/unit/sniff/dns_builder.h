// DNS messages made for tests and fuzz targets (RFC 1035, section 4), names compressed as servers
// do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "weir/endpoint.h"

namespace weir {

// "www.example.org" as labels; "." and "" are the root.
inline std::string dns_labels(std::string_view name) {
  std::string out;
  while (!name.empty() && name != ".") {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    name = dot == std::string_view::npos ? "" : name.substr(dot + 1);
  }
  return out + '\0';
}

struct BuiltRecord {
  std::string owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::string data;         // before the target
  std::string target = {};  // a name in the data, compressed; empty: none
  std::uint16_t klass = 1;
};

inline BuiltRecord address_record(std::string owner, std::uint32_t ttl, std::string_view address) {
  const Address value = Address::parse(address).value();
  std::string data;
  NetworkWriter(data).address(value);
  const std::uint16_t type = value.is_v4() ? 1 : 28;
  return {.owner = std::move(owner), .type = type, .ttl = ttl, .data = data};
}

inline BuiltRecord cname_record(std::string owner, std::uint32_t ttl, std::string target) {
  return {
      .owner = std::move(owner), .type = 5, .ttl = ttl, .data = {}, .target = std::move(target)};
}

// RFC 9460, section 2.2. `parameters`: as service_parameter() makes them, in the order of their
// keys.
inline BuiltRecord https_record(std::string owner, std::uint32_t ttl, std::uint16_t priority,
                                std::string_view target, std::string_view parameters = {}) {
  std::string data;
  NetworkWriter(data).u16(priority);
  data += dns_labels(target);
  data += parameters;
  return {.owner = std::move(owner), .type = 65, .ttl = ttl, .data = data};
}

inline std::string service_parameter(std::uint16_t key, std::string_view value) {
  std::string out;
  NetworkWriter writer(out);
  writer.u16(key);
  writer.u16(static_cast<std::uint16_t>(value.size()));
  writer.raw(value);
  return out;
}

// ipv4hint or ipv6hint, by the addresses, which are of one family.
inline std::string hint_parameter(const std::vector<std::string>& addresses) {
  std::string value;
  std::uint16_t key = 0;
  for (const std::string& text : addresses) {
    const Address address = Address::parse(text).value();
    key = address.is_v4() ? 4 : 6;
    NetworkWriter(value).address(address);
  }
  return service_parameter(key, value);
}

struct BuiltMessage {
  std::string name;
  std::uint16_t type = 1;
  std::vector<BuiltRecord> answers = {};
  std::vector<BuiltRecord> authorities = {};
  std::vector<BuiltRecord> additionals = {};
  std::uint16_t flags = 0x8180;  // a response to a query, recursion desired and available
  std::uint16_t klass = 1;
};

class DnsMessageWriter {
 public:
  static std::string write(const BuiltMessage& what) {
    DnsMessageWriter writer;
    writer.u16(0x1234);
    writer.u16(what.flags);
    writer.u16(1);
    for (const auto* section : {&what.answers, &what.authorities, &what.additionals}) {
      writer.u16(static_cast<std::uint16_t>(section->size()));
    }
    writer.name(what.name);
    writer.u16(what.type);
    writer.u16(what.klass);
    for (const auto* section : {&what.answers, &what.authorities, &what.additionals}) {
      for (const BuiltRecord& record : *section) {
        writer.record(record);
      }
    }
    return writer.out_;
  }

 private:
  void u16(std::uint16_t value) { NetworkWriter(out_).u16(value); }

  void name(std::string_view text) {
    for (std::string rest = dns_labels(text); rest.size() > 1;) {
      const auto known = places_.find(rest);
      if (known != places_.end()) {
        u16(static_cast<std::uint16_t>(0xc000U | known->second));
        return;
      }
      if (out_.size() < 0x4000) {
        places_.emplace(rest, out_.size());
      }
      const std::size_t label = 1 + static_cast<unsigned char>(rest.front());
      out_ += rest.substr(0, label);
      rest.erase(0, label);
    }
    out_ += '\0';
  }

  void record(const BuiltRecord& what) {
    name(what.owner);
    u16(what.type);
    u16(what.klass);
    NetworkWriter(out_).u32(what.ttl);
    const std::size_t length_at = out_.size();
    u16(0);
    out_ += what.data;
    if (!what.target.empty()) {
      name(what.target);
    }
    const std::size_t length = out_.size() - length_at - 2;
    out_[length_at] = static_cast<char>(length >> 8U);
    out_[length_at + 1] = static_cast<char>(length);
  }

  std::string out_;
  std::map<std::string, std::size_t> places_;
};

inline std::string dns_message(const BuiltMessage& what) { return DnsMessageWriter::write(what); }

}  // namespace weir
