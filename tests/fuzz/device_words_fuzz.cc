// The words by which rules name clients, of any bytes: what is accepted survives its own writing.
#include <cstdint>
#include <string_view>

#include "base/lan_interface.h"
#include "base/mac.h"
#include "base/masked_address.h"
#include "devices/device_table.h"
#include "expect.h"

namespace weir {
namespace {

void parse_any(std::string_view text) {
  if (const auto mac = Mac::parse(text)) {
    expect(Mac::parse(mac.value().text()).value() == mac.value(), "a MAC survives its writing");
  } else {
    expect(!mac.error().text().empty(), "an error says something");
  }
  if (const auto masked = MaskedAddress::parse(text)) {
    const auto again = MaskedAddress::parse(masked.value().text());
    expect(again.ok() && again.value() == masked.value(), "a mask survives its writing");
    expect(MaskedAddress::is_meant(text), "a mask is meant as one");
    expect(masked.value().covers(masked.value()) && masked.value().meets(masked.value()),
           "a mask covers itself");
  }
  if (const auto name = parse_lan_interface(text)) {
    expect(is_lan_interface(text) && !name.value().empty(), "an interface has a name");
  }
  if (const auto named = parse_named_mac(text)) {
    expect(!named.value().mac.is_group() && !named.value().mac.is_zero(), "a device has a MAC");
  }
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::parse_any({reinterpret_cast<const char*>(data), size});
  return 0;
}
