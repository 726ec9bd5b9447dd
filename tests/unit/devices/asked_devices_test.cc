#include "devices/asked_devices.h"

#include "devices/device_fixture.h"
#include "rule_conditions.h"

namespace weir {
namespace {

Configuration asking(const std::string& clients) {
  Configuration out;
  RuleSettings rule;
  rule.name = "r";
  rule.set(said("client", clients));
  out.rules = {rule};
  return out;
}

std::vector<std::string> missing(const std::string& clients, const DeviceTable& table) {
  const Configuration configuration = asking(clients);
  std::vector<std::string> out;
  for (const MissingDevice& one : missing_devices(configuration, table)) {
    CHECK(one.rule == &configuration.rules.front());
    out.push_back(one.word + ": " + one.why);
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST_CASE("a rule asks for devices by a name or a MAC, wanted or not") {
  CHECK(asks_for_devices(asking("192.0.2.1, name:tv")));
  CHECK(asks_for_devices(asking("!mac:00:00:5e:00:53:01")));
  CHECK_FALSE(asks_for_devices(asking("192.0.2.1")));
  CHECK_FALSE(asks_for_devices(Configuration{}));
}

TEST_CASE("a device that leases have never had is missing, one that is switched off is not") {
  const DeviceTable table =
      Sources{
          .named = {"printer 00:00:5e:00:53:02"},
          .leases = {lease("192.0.2.10", tv, "tv")},
      }
          .table();
  CHECK(missing("name:tv, mac:00:00:5e:00:53:01", table).empty());
  CHECK(missing("name:radio, !name:radio", table) ==
        Lines{"name:radio: no device is called 'radio'"});
  CHECK(missing("mac:00:00:5e:00:53:09", table) ==
        Lines{"mac:00:00:5e:00:53:09: no device has the MAC 00:00:5e:00:53:09, which was never "
              "seen: neither the neighbour table nor a lease has it"});
  CHECK(missing("name:printer", table).size() == 1);
}

TEST_CASE("without lease files it is not known that a device was never seen") {
  const std::vector<NamedMac> named{{"printer", printer}};
  const DeviceTable table(named, std::make_shared<const LeaseBook>(), {}, noon);
  CHECK(missing("name:printer, mac:00:00:5e:00:53:09", table).empty());
  CHECK(missing("name:tv", table) ==
        Lines{"name:tv: no device is called 'tv': no lease file is read, and [devices] does not "
              "name it"});
}

}  // namespace
}  // namespace weir
