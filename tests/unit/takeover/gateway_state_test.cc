// What clients have looked up comes out of a message as it went in.
#include "takeover/gateway_state.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

namespace weir::takeover {
namespace {

using LookedUp = GatewayState::LookedUp;

std::vector<LookedUp> some() {
  const auto at = [](const char* text) { return Address::parse(text).value(); };
  return {{.client = at("192.0.2.11"),
           .address = at("2001:db8::1"),
           .name = "www.example.org",
           .learnt = Instant(std::chrono::seconds(5)),
           .until = Instant(std::chrono::seconds(65))},
          {.client = at("ff00::200:5e10:1"), .address = at("203.0.113.9"), .name = "a"}};
}

}  // namespace

TEST_CASE("names that were looked up come with the state of a gateway, and by themselves") {
  GatewayState state;
  state.looked_up = some();
  const auto read = decode_gateway_state(encode(state));
  REQUIRE(read.ok());
  CHECK(read.value().looked_up == some());
  const auto alone = decode_looked_up(encode(state.looked_up));
  REQUIRE(alone.ok());
  CHECK(alone.value() == some());
}

TEST_CASE("names that break off, or go on, are refused at every byte") {
  const std::string whole = encode(some());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_looked_up(std::string_view(whole).substr(0, size)).ok());
  }
  CHECK_FALSE(decode_looked_up(whole + '\0').ok());
  CHECK_FALSE(decode_looked_up(std::string("\xff\xff\xff\xff", 4)).ok());
}

}  // namespace weir::takeover
