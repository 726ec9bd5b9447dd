#include "devices/why_unknown.h"

#include "devices/device_fixture.h"

namespace weir {
namespace {

using Why = Unknown::Why;

// This router has 192.0.2.0/24 and 2001:db8::/64 on its links.
const Surroundings& links() {
  static const std::vector<Surroundings::Entry> entries{
      {address("192.0.2.1"), Prefix::parse("192.0.2.0/24").value(), 3},
      {address("2001:db8::1"), Prefix::parse("2001:db8::/64").value(), 3}};
  static const Surroundings made(entries);
  return made;
}

Unknown why(const DeviceTable& table, const std::string& of) {
  return why_unnamed(table, address(of), &links());
}

// Where these lease files were looked for.
DeviceTable without_leases(const std::vector<std::pair<std::string, std::string>>& problems) {
  auto book = std::make_shared<LeaseBook>();
  for (const auto& [path, problem] : problems) {
    LeaseSource source;
    source.path = path;
    source.problem = problem;
    source.state = problem.empty() ? LeaseSource::State::absent : LeaseSource::State::failed;
    book->sources.push_back(source);
  }
  return {{}, book, std::vector<Neighbour>{{address("192.0.2.10"), tv}}, noon};
}

TEST_CASE("a device with a name is known") {
  const DeviceTable table = Sources{.leases = {lease("192.0.2.10", tv, "tv")}}.table();
  CHECK(why(table, "192.0.2.10").why == Why::known);
  CHECK(why(table, "192.0.2.10").text.empty());
}

TEST_CASE("an address on a link of ours without an entry has sent nothing") {
  const DeviceTable table = Sources{}.table();
  CHECK(why(table, "192.0.2.10").why == Why::no_neighbour);
  CHECK(why(table, "192.0.2.10").text ==
        "the neighbour table has no entry for 192.0.2.10: it has sent nothing on this router's "
        "links lately, and no lease is for it");
  CHECK(why_unnamed(table, address("198.51.100.10"), nullptr).why == Why::no_neighbour);
}

TEST_CASE("an address elsewhere is behind another router") {
  const DeviceTable table = Sources{}.table();
  CHECK(why(table, "198.51.100.10").why == Why::router_between);
  CHECK(why(table, "198.51.100.10").text ==
        "198.51.100.10 is on no link of this router: another router is in between, and its MAC is "
        "not seen here, and no lease is for it");
}

TEST_CASE("without a lease file it is said which were looked for, and why one was not read") {
  CHECK(why(without_leases({{"/a", ""}, {"/b", ""}}), "192.0.2.10").why == Why::no_lease_file);
  CHECK(why(without_leases({{"/a", ""}, {"/b", ""}}), "192.0.2.10").text ==
        "192.0.2.10 has the MAC 00:00:5e:00:53:01, and no lease file is there (/a, /b); [devices] "
        "can name it: name = NAME 00:00:5e:00:53:01");
  CHECK(why(without_leases({{"/a", ""}, {"/b", "Permission denied"}}), "192.0.2.10").text ==
        "192.0.2.10 has the MAC 00:00:5e:00:53:01, and no lease file can be read: /b (Permission "
        "denied); [devices] can name it: name = NAME 00:00:5e:00:53:01");
  CHECK(
      why(without_leases({}), "192.0.2.10")
          .text.starts_with("192.0.2.10 has the MAC 00:00:5e:00:53:01, and no lease file is read"));
  CHECK(why(without_leases({{"/a", ""}}), "192.0.2.99")
            .text.ends_with("lately, and no lease file is there (/a)"));
}

TEST_CASE("a MAC that no lease names is a fixed address, or one that was made up") {
  const DeviceTable table =
      Sources{.neighbours = {{address("192.0.2.10"), tv}, {address("192.0.2.30"), phone}}}.table();
  CHECK(why(table, "192.0.2.10").why == Why::not_leased);
  CHECK(why(table, "192.0.2.10").text ==
        "192.0.2.10 has the MAC 00:00:5e:00:53:01, and no lease names it: it may have a fixed "
        "address; [devices] can name it: name = NAME 00:00:5e:00:53:01");
  CHECK(why(table, "192.0.2.30").why == Why::random_mac);
  CHECK(
      why(table, "192.0.2.30").text ==
      "192.0.2.30 has the random MAC 02:00:5e:10:00:03, made up by its system, and no lease names "
      "it: switch it off in the device's settings for this network, then name it in [devices]");
}

TEST_CASE("a lease without a host name is told from no lease") {
  const DeviceTable table = Sources{.leases = {lease("192.0.2.10", tv, "")}}.table();
  CHECK(why(table, "192.0.2.10").why == Why::unnamed_lease);
  CHECK(why(table, "192.0.2.10").text ==
        "the lease of 192.0.2.10 has no host name; [devices] can name it: name = NAME "
        "00:00:5e:00:53:01");
}

TEST_CASE("why a rule's MAC does not hold is the other MAC, or that there is none") {
  const DeviceTable table = Sources{
      .leases = {lease("198.51.100.10", phone, "phone")},
      .neighbours = {{address("192.0.2.10"),
                      tv}}}.table();
  const auto not_mac = [&](const std::string& of, const Mac& wanted) {
    return why_not_mac(table, address(of), wanted, &links());
  };
  CHECK(not_mac("192.0.2.10", tv).empty());
  CHECK(not_mac("192.0.2.10", printer) ==
        "192.0.2.10 has the MAC 00:00:5e:00:53:01, not 00:00:5e:00:53:02");
  CHECK(not_mac("192.0.2.11", tv) ==
        "the neighbour table has no entry for 192.0.2.11: it has sent nothing on this router's "
        "links lately");
  CHECK(not_mac("198.51.100.10", phone) ==
        "198.51.100.10 is on no link of this router: another router is in between, and its MAC is "
        "not seen here");
}

TEST_CASE("why a rule's name does not hold is the other name, or why there is none") {
  const DeviceTable table = Sources{
      .leases = {lease("192.0.2.10", tv, "tv"), lease("192.0.2.11", printer, "printer")},
      .neighbours = {{address("192.0.2.30"),
                      phone}}}.table();
  const auto not_name = [&](const std::string& of, const std::string& wanted) {
    return why_not_name(table, address(of), wanted, &links());
  };
  CHECK(not_name("192.0.2.10", "TV").empty());
  CHECK(not_name("192.0.2.10", "printer") ==
        "192.0.2.10 is 'tv', not 'printer' (that is 00:00:5e:00:53:02)");
  CHECK(not_name("192.0.2.10", "nas") == "192.0.2.10 is 'tv', not 'nas'");
  CHECK(not_name("192.0.2.30", "tv").starts_with("192.0.2.30 has the random MAC"));
}

TEST_CASE("a word that means no device at all is told of, with what was probably meant") {
  const DeviceTable table = Sources{.leases = {lease("192.0.2.11", printer, "printer")}}.table();
  CHECK(why_no_such_name(table, "printer").empty());
  CHECK(why_no_such_name(table, "pritner") ==
        "no device is called 'pritner', did you mean 'printer'?");
  CHECK(why_no_such_name(without_leases({{"/a", ""}}), "tv") ==
        "no device is called 'tv': no lease file is there (/a), and [devices] does not name it");
  CHECK(why_no_such_mac(table, printer).empty());
  CHECK(
      why_no_such_mac(table, tv) ==
      "no device has the MAC 00:00:5e:00:53:01, which was never seen: neither the neighbour table "
      "nor a lease has it");
  CHECK(
      why_no_such_mac(table, phone) ==
      "no device has the MAC 02:00:5e:10:00:03, which was never seen: neither the neighbour table "
      "nor a lease has it; it is one that a system makes up, and may have made anew");
}

TEST_CASE("a device that [devices] names and that was never seen is told of, too") {
  Sources sources{.named = {"tv 00:00:5e:00:53:01"}};
  CHECK(why_no_such_name(sources.table(), "tv") ==
        "'tv' is 00:00:5e:00:53:01, which was never seen: neither the neighbour table nor a lease "
        "has it");
  CHECK_FALSE(why_no_such_mac(sources.table(), tv).empty());
  sources.neighbours.push_back({address("192.0.2.10"), tv});
  CHECK(why_no_such_name(sources.table(), "tv").empty());
  CHECK(why_no_such_mac(sources.table(), tv).empty());
}

}  // namespace
}  // namespace weir
