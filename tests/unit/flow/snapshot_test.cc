// Snapshots of configurations written by hand: what a reload keeps, and what it reports.
#include "flow/snapshot.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "devices/device_table.h"
#include "flow/compare.h"
#include "flow/upstream_section.h"
#include "rule_conditions.h"
#include "sets/live_sets.h"
#include "sets/set_table.h"

namespace weir {
namespace {

RuleSettings rule(const std::string& name, Port port, const std::string& use) {
  RuleSettings out;
  out.name = name;
  out.set(weir::on({{Protocol::tcp, port, port}}));
  out.use = use;
  return out;
}

// weir.ini with a pool of two servers and three rules.
Configuration configuration() {
  Configuration out;
  out.upstreams = {section(
      "pool", {{"type", "forward"}, {"server", "a=192.0.2.1:80"}, {"server", "b=192.0.2.2:80"}})};
  out.rules = {rule("web", 80, "pool"), rule("mail", 25, "reject"), rule("ssh", 22, "direct")};
  return out;
}

struct World {
  ServerPool servers;
  CounterRegistry rules{1};
  CounterRegistry upstreams{1};
  std::shared_ptr<const Snapshot> make(Configuration from, const Snapshot* previous = nullptr) {
    auto made = Snapshot::Maker{servers, rules, upstreams, 1000}.make(std::move(from), previous);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    return made.value();
  }
};

Flow to_port(Port port) {
  return {.protocol = Protocol::tcp,
          .client = Endpoint::parse("198.51.100.2:4000").value(),
          .destination = {Address::parse("203.0.113.5").value(), port},
          .interface = 0};
}

std::string first_server(const Snapshot& snapshot) {
  const Route route = snapshot.choose(to_port(80)).upstream->route(to_port(80), {});
  return route.server ? route.server->identity().name : "none";
}

using Names = std::vector<std::string>;

std::shared_ptr<const Snapshot> relink(const Snapshot& previous, std::vector<Link> links) {
  return Snapshot::refit(
      previous, std::make_shared<const MachineHere>(MachineHere{.links = std::move(links)}));
}

std::shared_ptr<const Snapshot> at(const Snapshot& previous, std::chrono::sys_seconds now) {
  return Snapshot::refit(
      previous,
      std::make_shared<const MachineHere>(MachineHere{
          .clock = std::make_shared<const LocalClock>(LocalClock{.now = now, .zone = {}})}));
}

}  // namespace

TEST_CASE("a flow gets its rule, and the default where none matches") {
  World world;
  const auto snapshot = world.make(configuration());
  CHECK(snapshot->choose(to_port(80)).name == "web");
  CHECK(snapshot->choose(to_port(80)).upstream->name() == "pool");
  CHECK(snapshot->choose(to_port(25)).upstream->name() == "reject");
  CHECK(snapshot->choose(to_port(9)).name == default_rule_name);
  CHECK(snapshot->choose(to_port(9)).upstream->name() == "transparent");
  CHECK(snapshot->entries().size() == 4);
  using Handling = Upstream::Handling;
  CHECK(handlings_of(*snapshot) ==
        std::vector<Handling>{{},
                              {.offload = Upstream::Offload::reject},
                              {.leads = Upstream::Leads::to_destination},
                              {.leads = Upstream::Leads::to_destination}});
  Names names;
  for (const auto& upstream : snapshot->upstreams()) {
    names.push_back(upstream->name());
  }
  CHECK(names == Names{"pool", "reject", "direct", "transparent"});
}

TEST_CASE("a flow that a group's member took goes by an entry of the member's") {
  World world;
  Configuration from = configuration();
  from.upstreams.push_back(section("any", {{"type", "group"}, {"members", "pool, direct"}}));
  from.rules.push_back(rule("all", 443, "any"));
  const auto snapshot = world.make(from);
  const RuleEntry& entry = snapshot->choose(to_port(443));
  CHECK(entry.member.empty());
  CHECK(entry.member_tally == nullptr);
  const Upstream* direct = entry.upstream->dependencies()[1].get();
  const RuleEntry& taken = taken_by(*snapshot, entry, direct);
  CHECK(taken.name == "all");
  CHECK(taken.upstream == entry.upstream);
  CHECK(taken.counters == entry.counters);
  CHECK(taken.upstream_counters == entry.upstream_counters);
  CHECK(taken.member == "direct");
  CHECK(taken.member_tally == world.upstreams.get("direct"));
  // And on to another member.
  CHECK(taken_by(*snapshot, taken, entry.upstream->dependencies()[0].get()).member == "pool");
  CHECK(&taken_by(*snapshot, entry, nullptr) == &entry);
  CHECK(&taken_by(*snapshot, snapshot->choose(to_port(80)), direct) ==
        &snapshot->choose(to_port(80)));
  CHECK(snapshot->passing(entry).member.empty());
}

TEST_CASE("a rule's interface goes by the links' names as of their last news") {
  World world;
  Configuration from = configuration();
  from.rules[0].set(weir::interfaces({"lan*"}));
  const auto before = world.make(from);
  Flow flow = to_port(80);
  flow.interface = 2'000'000'000;  // of no link here: what is known of it is what is said below
  const auto rule_of = [&](const auto& snapshot) { return snapshot->choose(flow).name; };
  CHECK(rule_of(before) == default_rule_name);

  const auto with = [&](const std::string& name) {
    return std::vector<Link>{{1, "lo", 0, ""}, {flow.interface, name, 0, ""}};
  };
  const auto named = relink(*before, with("lan0"));
  REQUIRE(named);
  CHECK(rule_of(named) == "web");
  CHECK(relink(*named, with("lan0")) == nullptr);
  const Snapshot::Maker maker{world.servers, world.rules, world.upstreams, 1000};
  CHECK(rule_of(maker.renew(*named).snapshot) == "web");

  const auto renamed = relink(*named, with("wan0"));
  REQUIRE(renamed);
  CHECK(rule_of(renamed) == default_rule_name);
  CHECK(rule_of(named) == "web");  // as it was made
  const auto gone = relink(*named, std::vector<Link>{{1, "lo", 0, ""}});
  REQUIRE(gone);
  CHECK(rule_of(gone) == default_rule_name);
}

TEST_CASE("an interface that came after the last news of links is asked for") {
  World world;
  Configuration from = configuration();
  from.rules[0].set(weir::interfaces({"lo"}));
  const auto made = world.make(from);
  const auto without = relink(*made, {});
  REQUIRE(without);
  Flow flow = to_port(80);
  flow.interface = if_nametoindex("lo");
  CHECK(made->choose(flow).name == "web");
  CHECK(without->choose(flow).name == "web");
}

TEST_CASE("links are no news to rules without an interface, nor are ports of a bridge") {
  World world;
  const std::vector<Link> links{{7, "br0", 0, ""}};
  std::vector<Link> more = links;
  more.push_back({8, "veth0", 7, "bridge"});
  const auto without = world.make(configuration());
  CHECK(relink(*without, links) == nullptr);
  Configuration from = configuration();
  from.rules[0].set(weir::interfaces({"lan0"}));
  const auto with = relink(*world.make(from), links);
  REQUIRE(with);
  CHECK(relink(*with, more) == nullptr);
}

TEST_CASE("a rule with windows is there while one is open, and the snapshot says until when") {
  World world;
  Configuration from = configuration();
  from.rules[0].set(said("when", "mon 20:00-22:00"));
  from.rules[1].set(said("when", "mon 21:00-23:00"));
  const auto made = world.make(from);
  CHECK(made->rules().follows_machine());
  const auto monday = [](int hour) {
    return std::chrono::sys_days(std::chrono::year(2026) / 7 / 6) + std::chrono::hours(hour);
  };
  const auto rule_of = [&](const auto& snapshot) { return snapshot->choose(to_port(80)).name; };
  const auto closed = at(*made, monday(19));
  REQUIRE(closed);
  CHECK(rule_of(closed) == default_rule_name);
  CHECK(closed->rules().changes_at() == monday(20));
  CHECK(at(*closed, monday(19) + std::chrono::minutes(30)) == nullptr);
  const auto open = at(*closed, monday(20));
  REQUIRE(open);
  CHECK(rule_of(open) == "web");
  CHECK(rule_of(closed) == default_rule_name);  // as it was made
  CHECK(open->rules().changes_at() == monday(21));
  CHECK(open->rules().clock_state(0) == "matches now, until 22:00");
  CHECK(open->rules().clock_state(2).empty());
  CHECK_FALSE(open->rules().same_for_firewall(closed->rules()));
  CHECK(open->rules().same_for_firewall(at(*made, monday(20))->rules()));
  const Snapshot::Maker maker{world.servers, world.rules, world.upstreams, 1000};
  CHECK(rule_of(maker.renew(*open).snapshot) == "web");
}

TEST_CASE("rules with a device's name follow the devices in the firewall, and look them up here") {
  World world;
  Configuration from = configuration();
  from.rules[0].set(said("client", "name:tv"));
  const auto made = world.make(from);
  REQUIRE(made->rules().follows_devices());
  CHECK(made->rules().follows_machine());
  const Mac mac = Mac::parse("02:00:5e:10:00:01").value();
  const Flow flow = to_port(80);
  const auto with = [&](const Snapshot& before, const std::vector<NamedMac>& named) {
    auto here = std::make_shared<MachineHere>(before.rules().machine());
    here->devices = std::make_shared<const DeviceTable>(named, nullptr, std::span<Neighbour>(),
                                                        std::chrono::sys_seconds{});
    return Snapshot::refit(before, here);
  };
  const auto unknown = with(*made, {});
  REQUIRE(unknown);
  CHECK(with(*unknown, {}) == nullptr);
  CHECK(with(*unknown, {{"printer", mac}}) == nullptr);
  const auto known = with(*unknown, {{"tv", mac}});
  REQUIRE(known);
  CHECK_FALSE(known->rules().same_for_firewall(unknown->rules()));
  Device tv;
  tv.keys = {"tv"};
  CHECK(unknown->choose(flow, [&](const Flow&) { return &tv; }).name == "web");
  CHECK(unknown->choose(flow).name == default_rule_name);
  Configuration others = configuration();
  others.rules[0].set(weir::interfaces({"lan0"}));
  others.rules[1].set(said("client", "lan:lan0, mac:02:00:5e:10:00:01"));
  CHECK_FALSE(world.make(others)->rules().follows_devices());
}

TEST_CASE("rules that hang on nothing of this machine are never fitted again") {
  World world;
  const auto made = world.make(configuration());
  CHECK_FALSE(made->rules().follows_machine());
  CHECK_FALSE(made->rules().changes_at().has_value());
}

TEST_CASE("limits that say auto are filled in") {
  World world;
  Configuration from = configuration();
  CHECK(world.make(from)->limits().max_flows == 1000);
  CHECK(world.make(from)->limits().max_flows_per_client == 250);
  from.limits.max_flows = 40;
  CHECK(world.make(from)->limits().max_flows == 40);
  CHECK(world.make(from)->limits().max_flows_per_client == 10);
  from.limits.max_flows = 2;
  CHECK(world.make(from)->limits().max_flows_per_client == 1);
  from.limits.max_flows_per_client = 7;
  CHECK(world.make(from)->limits().max_flows_per_client == 7);
}

TEST_CASE("a rule's limits and its log are its own, or the gateway's") {
  World world;
  Configuration from = configuration();
  from.log.flows = LogFlows::errors;
  from.rules[0].max_flows = 5;
  from.rules[0].max_flows_per_client = 2;
  from.rules[1].log = LogFlows::none;
  const auto snapshot = world.make(from);
  CHECK(snapshot->entries()[0].max_flows == 5);
  CHECK(snapshot->entries()[0].max_flows_per_client == 2);
  CHECK(snapshot->entries()[0].log == LogFlows::errors);
  CHECK(snapshot->entries()[1].max_flows == 0);
  CHECK(snapshot->entries()[1].log == LogFlows::none);
  CHECK(snapshot->entries()[3].log == LogFlows::errors);
  CHECK(snapshot->entries()[0].key != snapshot->entries()[1].key);
}

TEST_CASE("a reload that changes nothing keeps every upstream, and a balancer's turn") {
  World world;
  const auto before = world.make(configuration());
  CHECK(first_server(*before) == "a");
  const auto after = world.make(configuration(), before.get());
  for (const Port port : std::vector<Port>{80, 25, 22, 9}) {
    CHECK(after->choose(to_port(port)).upstream == before->choose(to_port(port)).upstream);
    CHECK(after->choose(to_port(port)).counters == before->choose(to_port(port)).counters);
  }
  CHECK(first_server(*after) == "b");
}

TEST_CASE("what stands elsewhere in the file is the same as before") {
  World world;
  const auto before = world.make(configuration());
  Configuration moved = configuration();
  moved.upstreams.insert(moved.upstreams.begin(), section("new", {{"type", "direct"}}));
  std::swap(moved.rules[0], moved.rules[2]);
  const auto after = world.make(moved, before.get());
  CHECK(after->choose(to_port(80)).upstream == before->choose(to_port(80)).upstream);
  CHECK(after->choose(to_port(80)).counters == before->choose(to_port(80)).counters);
  CHECK(after->choose(to_port(22)).upstream == before->choose(to_port(22)).upstream);
}

TEST_CASE("an upstream that changes is made anew, with the servers that stay") {
  World world;
  const auto before = world.make(configuration());
  Configuration changed = configuration();
  changed.upstreams = {section(
      "pool",
      {{"type", "forward"}, {"server", "b=192.0.2.2:80 weight=2"}, {"server", "c=192.0.2.3:80"}})};
  const auto after = world.make(changed, before.get());
  const auto& old_pool = before->choose(to_port(80)).upstream;
  const auto& new_pool = after->choose(to_port(80)).upstream;
  CHECK(new_pool != old_pool);
  CHECK(new_pool->servers()[0] == old_pool->servers()[1]);
  CHECK(after->choose(to_port(80)).upstream_counters ==
        before->choose(to_port(80)).upstream_counters);
  // The snapshot of before still does what it did.
  CHECK(before->choose(to_port(80)).upstream->servers().size() == 2);
}

TEST_CASE("a section that takes a built-in's place is not mistaken for it") {
  World world;
  const auto before = world.make(configuration());
  Configuration changed = configuration();
  changed.upstreams.push_back(section("pool2", {{"type", "direct"}, {"source", "client"}}));
  changed.rules[2].use = "pool2";
  const auto after = world.make(changed, before.get());
  CHECK(after->choose(to_port(22)).upstream->name() == "pool2");
  CHECK(after->choose(to_port(22)).upstream != before->choose(to_port(22)).upstream);
  const auto back = world.make(configuration(), after.get());
  CHECK(back->choose(to_port(22)).upstream->name() == "direct");
  CHECK(back->choose(to_port(22)).upstream->profile().source.kind == SourceKind::gateway);
}

TEST_CASE("renewed, a snapshot lays out anew only what an operator's weight changed") {
  World world;
  Configuration from = configuration();
  from.upstreams.push_back(section("other", {{"type", "forward"}, {"server", "c=192.0.2.3"}}));
  const auto before = world.make(from);
  const Snapshot::Maker maker{world.servers, world.rules, world.upstreams, 1000};
  before->upstreams()[0]->servers()[1]->weight_override.store(5);
  const auto after = maker.renew(*before).snapshot;
  CHECK(&after->configuration() == &before->configuration());
  CHECK(after->upstreams()[0] != before->upstreams()[0]);
  CHECK(after->upstreams()[0]->servers()[1] == before->upstreams()[0]->servers()[1]);
  CHECK(after->upstreams()[0]->server_set()->terms_of(1).weight == 5);
  CHECK(after->upstreams()[1] == before->upstreams()[1]);
  CHECK(after->choose(to_port(80)).upstream == after->upstreams()[0]);
  CHECK(after->choose(to_port(80)).counters == before->choose(to_port(80)).counters);
  const auto again = maker.renew(*after).snapshot;
  CHECK(std::equal(again->upstreams().begin(), again->upstreams().end(), after->upstreams().begin(),
                   after->upstreams().end()));
}

TEST_CASE("renewed while a password file is gone, an upstream stays as it was, and says why") {
  const auto path =
      std::filesystem::temp_directory_path() / ("weir-password-" + std::to_string(getpid()));
  std::ofstream(path) << "secret\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  World world;
  Configuration from = configuration();
  from.upstreams.push_back(section("office", {{"type", "socks5"},
                                              {"server", "c=192.0.2.3"},
                                              {"username", "router"},
                                              {"password-file", path}}));
  const auto before = world.make(from);
  std::filesystem::remove(path);
  const Snapshot::Maker maker{world.servers, world.rules, world.upstreams, 1000};

  // Another upstream is laid out anew: the file is not read.
  before->upstreams()[0]->servers()[1]->weight_override.store(5);
  const auto other = maker.renew(*before);
  CHECK(other.not_renewed.empty());
  CHECK(other.snapshot->upstreams()[0]->server_set()->terms_of(1).weight == 5);
  REQUIRE(other.snapshot->upstreams()[1] == before->upstreams()[1]);

  before->upstreams()[1]->servers()[0]->weight_override.store(5);
  const auto itself = maker.renew(*other.snapshot);
  REQUIRE(itself.not_renewed.size() == 1);
  CHECK(itself.not_renewed[0].text().find("cannot read") != std::string::npos);
  CHECK(itself.snapshot->upstreams()[1] == before->upstreams()[1]);
}

TEST_CASE("the report of a reload names a password file that has another password in it") {
  const auto path =
      std::filesystem::temp_directory_path() / ("weir-secret-" + std::to_string(getpid()));
  const auto write = [&](const char* password) {
    std::filesystem::remove(path);
    std::ofstream(path) << password << '\n';
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  };
  write("first");
  World world;
  Configuration from = configuration();
  from.upstreams.push_back(section("office", {{"type", "socks5"},
                                              {"server", "c=192.0.2.3"},
                                              {"username", "router"},
                                              {"password-file", path}}));
  const auto before = world.make(from);
  CHECK(compare(*before, *world.make(from, before.get())).settings.empty());
  write("second");
  const auto report = compare(*before, *world.make(from, before.get()));
  std::filesystem::remove(path);
  CHECK(report.settings == Names{"[upstream office] password-file (what is in it)"});
  CHECK(report.servers_changed.empty());
}

TEST_CASE("an upstream that cannot be made is an error with its line") {
  World world;
  Configuration from = configuration();
  from.upstreams = {section("pool", {{"type", "forward"}, {"server", "a=192.0.2.999"}})};
  const auto made =
      Snapshot::Maker{world.servers, world.rules, world.upstreams, 1000}.make(from, nullptr);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().location() == SourceLocation{"weir.ini", 3});
}

TEST_CASE("the report of a reload names what was added, removed and changed") {
  World world;
  const auto before = world.make(configuration());
  Configuration changed = configuration();
  changed.rules[0].max_flows = 5;
  changed.rules[1].name = "smtp";
  changed.rules[2].location = {"weir.ini", 99};  // moved, not changed
  changed.upstreams = {section(
      "pool",
      {{"type", "forward"}, {"server", "a=192.0.2.1:80 weight=3"}, {"server", "c=192.0.2.3:80"}})};
  const auto after = world.make(changed, before.get());
  const ConfigurationChanges report = compare(*before, *after);
  CHECK(report.rules_changed == Names{"web"});
  CHECK(report.rules_added == Names{"smtp"});
  CHECK(report.rules_removed == Names{"mail"});
  CHECK(report.servers_changed == Names{"pool/a"});
  CHECK(report.servers_added == Names{"pool/c"});
  CHECK(report.servers_removed == Names{"pool/b"});
  const ConfigurationChanges nothing = compare(*before, *world.make(configuration(), before.get()));
  CHECK(nothing.rules_added.empty());
  CHECK(nothing.rules_removed.empty());
  CHECK(nothing.rules_changed.empty());
  CHECK(nothing.servers_added.empty());
  CHECK(nothing.servers_removed.empty());
  CHECK(nothing.servers_changed.empty());
}

TEST_CASE("what only a restart can change is named in one sentence") {
  const Configuration before = configuration();
  CHECK_FALSE(needs_restart(before, configuration()).has_value());
  Configuration after = configuration();
  after.gateway.port = 50081;
  CHECK(needs_restart(before, after) == "gateway.port cannot change with a reload: restart weir");
  after.gateway.workers = 3;
  after.firewall.bypass_mark = {0x4, 0x4};
  CHECK(needs_restart(before, after) ==
        "gateway.port, gateway.workers, firewall.bypass-mark cannot change with a reload: "
        "restart weir");
  Configuration table = configuration();
  table.firewall.table = 101;
  CHECK_FALSE(needs_restart(before, table).has_value());
}

namespace {

SetSettings paused_set() { return {.name = "paused", .location = {"weir.ini", 1}}; }

// weir.ini with a set that is empty for now, and a rule of those in it before all others.
Configuration pausing() {
  Configuration out = configuration();
  out.sets = {paused_set()};
  out.set_table = load_sets(out.sets, nullptr).table;
  RuleSettings paused = rule("paused", 80, "reject");
  paused.set(said("client", "@paused"));
  out.rules.insert(out.rules.begin(), paused.fitted({.sets = out.set_table.get()}));
  return out;
}

std::shared_ptr<const Snapshot> with(const Snapshot& previous, const LiveSets& live) {
  return Snapshot::refit(previous, std::make_shared<const MachineHere>(MachineHere{
                                       .sets = live.over(previous.configuration().set_table)}));
}

LiveSets one_paused(const Configuration& from, std::optional<Instant> until) {
  LiveSets out;
  LiveChange change;
  change.add.push_back(parse_item("198.51.100.2").value());
  change.until = until;
  CHECK(out.change(*from.set_table->find("paused"), change).empty());
  return out;
}

}  // namespace

TEST_CASE(
    "a snapshot follows what is added to a set, and what is over, in the firewall's rules too") {
  World world;
  const auto made = world.make(pausing());
  CHECK(made->choose(to_port(80)).name == "web");
  const Instant until(std::chrono::seconds(60));
  LiveSets live = one_paused(made->configuration(), until);
  const auto paused = with(*made, live);
  REQUIRE(paused);
  CHECK(paused->choose(to_port(80)).name == "paused");
  CHECK(paused->choose(to_port(25)).name == "mail");
  CHECK_FALSE(paused->rules().same_for_firewall(made->rules()));
  CHECK(with(*paused, live) == nullptr);
  CHECK(live.expire(until - std::chrono::seconds(1)).empty());
  CHECK(with(*paused, live) == nullptr);
  CHECK(live.expire(until).size() == 1);
  const auto over = with(*paused, live);
  REQUIRE(over);
  CHECK(over->choose(to_port(80)).name == "web");
  CHECK(over->rules().same_for_firewall(made->rules()));
}

TEST_CASE("the next configuration has what was added to its sets from its first moment on") {
  World world;
  const auto made = world.make(pausing());
  const LiveSets live = one_paused(made->configuration(), {});
  const auto next =
      Snapshot::Maker{world.servers, world.rules, world.upstreams, 1000, nullptr, &live}.make(
          pausing(), made.get());
  REQUIRE(next);
  CHECK(next.value()->choose(to_port(80)).name == "paused");
}

}  // namespace weir
