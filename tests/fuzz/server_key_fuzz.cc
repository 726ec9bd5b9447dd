// Any text as a server, an endpoint and an address: what is taken is written and read back as the
// same, and what is refused says why.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/names.h"
#include "expect.h"
#include "upstream/server_key.h"
#include "weir/endpoint.h"

namespace weir {
namespace {

void address(std::string_view text) {
  const auto parsed = Address::parse(text);
  if (!parsed) {
    expect(!parsed.error().text().empty(), "a refusal says why");
    return;
  }
  const auto again = Address::parse(parsed.value().text());
  expect(again.ok() && again.value() == parsed.value(), "an address's text is that address");
  expect(hash_of(again.value()) == hash_of(parsed.value()), "equal addresses hash alike");
}

void endpoint(std::string_view text) {
  const auto parsed = Endpoint::parse(text);
  if (!parsed) {
    expect(!parsed.error().text().empty(), "a refusal says why");
    return;
  }
  expect(parsed.value().port != 0, "an endpoint has a port");
  const auto again = Endpoint::parse(parsed.value().text());
  expect(again.ok() && again.value() == parsed.value(), "an endpoint's text is that endpoint");
  sockaddr_storage raw{};
  static_cast<void>(parsed.value().to(raw));
  expect(Endpoint::from(raw) == parsed.value(), "a socket address is that endpoint");
}

void server(std::string_view text) {
  Value value;
  value.text = text;
  value.location = {"weir.ini", 1};
  const auto parsed = parse_server(value);
  if (!parsed) {
    expect(!parsed.error().text().empty(), "a refusal says why");
    expect(parsed.error().location() == value.location, "and where");
    return;
  }
  const ServerKey& key = parsed.value();
  expect(!key.name.empty() && !key.host.empty(), "a server has a name and a host");
  expect(key.weight >= 1 && key.weight <= max_weight, "its weight is within bounds");
  expect(key.host.find_first_of(std::string_view(" \t[]=\0", 6)) == std::string::npos,
         "its host is bare");
  const bool six = key.host.find(':') != std::string::npos;
  // One that is given none is called as it is written, which need be no name to give.
  const std::string name = is_name(key.name) ? key.name : "n";
  value.text = name + "=" + (six ? "[" + key.host + "]" : key.host) +
               (key.port != 0 ? ":" + std::to_string(key.port) : "") +
               " weight=" + std::to_string(key.weight);
  if (key.kind == ServerKey::Kind::service) {  // the records say the rest
    value.text = name + "=srv:" + key.host;
  }
  const auto again = parse_server(value);
  // A mapped address in brackets is no IPv6 address.
  if (const auto literal = Address::parse(key.host);
      six && literal.ok() && literal.value().is_v4()) {
    return;
  }
  expect(again.ok() && again.value().host == key.host && again.value().port == key.port &&
             again.value().weight == key.weight && again.value().name == name &&
             again.value().kind == key.kind,
         "a server written out is that server");
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  weir::address(text);
  weir::endpoint(text);
  weir::server(text);
  return 0;
}
