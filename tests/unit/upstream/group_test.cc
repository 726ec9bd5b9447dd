// Groups, and how upstreams that go through each other are made.
#include "upstream/group.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "make.h"
#include "upstream/assembly.h"

namespace weir {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

const Flow from_v4 = flow("198.51.100.2:4000", "203.0.113.5:80");

// Sections by name; headers stand on lines 10, 110, 210, …
struct File {
  void add(const std::string& name, const std::string& type, const Lines& lines) {
    sections.push_back(section(type, lines, name, 10 + 100 * static_cast<int>(sections.size())));
  }
  std::shared_ptr<Upstream> get(const std::string& name) {
    UpstreamAssembly assembly(sections, servers);
    auto made = assembly.get(name);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    return made.value();
  }
  std::string refusal(const std::string& name) {
    auto made = UpstreamAssembly(sections, servers).get(name);
    return made.ok() ? "accepted"
                     : std::to_string(made.error().location().line) + ": " + made.error().text();
  }
  std::vector<Settings> sections;
  ServerPool servers;
};

std::string chosen(const Upstream& upstream, std::span<const std::shared_ptr<Server>> tried = {}) {
  const Route route = upstream.route(from_v4, tried);
  switch (route.verdict) {
    case Route::Verdict::reject:
      return "rejected";
    case Route::Verdict::drop:
      return "dropped";
    case Route::Verdict::no_server:
      return "none";
    case Route::Verdict::dial:
      break;
  }
  return route.server ? route.server->identity().upstream + "/" + route.server->identity().name
                      : route.remote.text();
}

File two_pools(const std::string& members, const Lines& more = {}) {
  File file;
  Lines lines{{"members", members}};
  lines.insert(lines.end(), more.begin(), more.end());
  file.add("all", "group", lines);  // before its members: the order does not matter
  file.add("one", "forward", {{"server", "a=192.0.2.1:80"}});
  file.add("two", "forward", {{"server", "b=192.0.2.2:80"}, {"source", "client"}});
  return file;
}

void close(const Upstream& group, std::size_t member, ServerHealth::AdminState admin_state) {
  group.dependencies()[member]->servers()[0]->health.set_admin_state(admin_state, Instant{});
}

using AdminState = ServerHealth::AdminState;

}  // namespace

TEST_CASE("failover takes the first member that is up, with that member's route") {
  File file = two_pools("one, two, reject");
  const auto group = file.get("all");
  CHECK(chosen(*group) == "one/a");
  CHECK(group->route(from_v4, {}).options == &group->dependencies()[0]->profile().options);
  CHECK(group->route(from_v4, {}).member == group->dependencies()[0].get());
  close(*group, 0, AdminState::down);
  CHECK(chosen(*group) == "two/b");
  CHECK(group->route(from_v4, {}).source.kind == SourceKind::client);
  close(*group, 1, AdminState::drain);
  CHECK(chosen(*group) == "rejected");
  close(*group, 0, AdminState::up);
  CHECK(chosen(*group) == "one/a");
  CHECK(group->name() == "all");
  CHECK(group->servers().empty());
  CHECK(group->profile().mapping == Mapping::per_flow);
}

TEST_CASE("a retry goes on to the next member when one has no server left") {
  File file = two_pools("one, two");
  const auto group = file.get("all");
  std::vector<std::shared_ptr<Server>> tried{group->route(from_v4, {}).server};
  CHECK(chosen(*group, tried) == "two/b");
  tried.push_back(group->route(from_v4, tried).server);
  CHECK(chosen(*group, tried) == "none");
}

TEST_CASE("a group whose members are all ejected still tries them, the others first") {
  File file = two_pools("one, two");
  const auto group = file.get("all");
  for (const std::size_t member : {0U, 1U}) {
    for (int i = 0; i < 5; ++i) {
      group->dependencies()[member]->servers()[0]->note_failure(file.servers.clock()());
    }
    CHECK(chosen(*group) == (member == 0 ? "two/b" : "one/a"));
  }
  CHECK_FALSE(group->is_up());
}

TEST_CASE("a group may end with a built-in") {
  for (const auto& [name, result] : std::map<std::string, std::string>{
           {"direct", "203.0.113.5:80"}, {"transparent", "203.0.113.5:80"}, {"drop", "dropped"}}) {
    File file = two_pools("one, " + name);
    const auto group = file.get("all");
    CHECK(chosen(*group) == "one/a");
    close(*group, 0, AdminState::down);
    CHECK(chosen(*group) == result);
  }
}

TEST_CASE("any balance spreads over the members that are up") {
  for (const std::string balance : {"round-robin", "least-flows", "random-two", "flow-hash"}) {
    INFO(balance);
    File file = two_pools("one, two", {{"balance", balance}});
    const auto group = file.get("all");
    std::map<std::string, int> got;
    for (int i = 0; i < 200; ++i) {
      Flow one = from_v4;
      one.client.port = static_cast<Port>(2'000 + i);
      ++got[group->route(one, {}).server->identity().name];
    }
    CHECK(got["a"] > 60);
    CHECK(got["b"] > 60);
    close(*group, 1, AdminState::down);
    for (int i = 0; i < 20; ++i) {
      CHECK(chosen(*group) == "one/a");
    }
  }
}

TEST_CASE("candidates of a group are its members'") {
  File file = two_pools("two, drop");
  CHECK(file.get("all")->describe(from_v4) ==
        std::vector<std::string>{"two: b 192.0.2.2:80 weight=1", "drop"});
}

TEST_CASE("a group that is wrong is refused at its line") {
  const auto with = [](const std::string& members, const Lines& more = {}) {
    return two_pools(members, more).refusal("all");
  };
  CHECK(with("one, thre") == "11: unknown upstream 'thre'");
  CHECK(with("one, two, one") == "11: 'one' is a member twice");
  CHECK(with("one, all") == "11: upstream 'all' leads back to itself through this line");
  for (const std::string key : {"source", "interface"}) {
    CHECK(with("one", {{key, "client"}}) ==
          "12: '" + key + "' is for the members of a group, not for the group");
  }
  File file = two_pools("one, inner");
  file.add("inner", "group", {{"members", "two"}});
  CHECK(file.refusal("all") == "11: 'inner' is a group, and groups have no groups as members");
  File loop = two_pools("one, inner");
  loop.add("inner", "group", {{"members", "two, all"}});
  CHECK(loop.refusal("all") == "311: upstream 'all' leads back to itself through this line");
}

TEST_CASE("a member that is wrong is reported at its own line") {
  File file;
  file.add("all", "group", {{"members", "bad"}});
  file.add("bad", "forward", {{"server", "192.0.2.300"}});
  CHECK(file.refusal("all") == "111: '192.0.2.300' is neither an address nor a host name");
}

TEST_CASE("a reload keeps a group exactly when it and its members are the same") {
  ServerPool servers;
  const auto make =
      [&](const std::string& server, const std::string& source, const std::vector<Settings>& before,
          const std::vector<std::shared_ptr<Upstream>>& made, std::vector<Settings>& sections) {
        File file;
        file.add("all", "group", {{"members", "one, direct"}});
        file.add("one", "forward", {{"server", server}, {"source", source}});
        file.add("other", "forward", {{"server", "z=192.0.2.9"}});
        sections = file.sections;
        UpstreamAssembly assembly(sections, servers, {before, made});
        std::vector<std::shared_ptr<Upstream>> out;
        for (const auto& section : sections) {
          out.push_back(assembly.get(section.name()).value());
        }
        out.insert(out.end(), assembly.builtins().begin(), assembly.builtins().end());
        return out;
      };
  std::vector<Settings> sections;
  const auto first = make("a=192.0.2.1", "gateway", {}, {}, sections);
  REQUIRE(first.size() == 4);
  std::vector<Settings> again;
  CHECK(make("a=192.0.2.1", "gateway", sections, first, again) == first);
  const auto changed = make("a=192.0.2.1", "client", sections, first, again);
  CHECK(changed[0] != first[0]);  // the group itself says the same
  CHECK(changed[1] != first[1]);
  CHECK(changed[2] == first[2]);
  CHECK(changed[3] == first[3]);
  first[1]->servers()[0]->weight_override.store(7);
  CHECK(make("a=192.0.2.1", "gateway", sections, first, again)[0] != first[0]);
}

TEST_CASE("a group leads to the destination as far as all its members do") {
  using Leads = Upstream::Leads;
  const auto leads = [](const std::string& members) {
    File file;
    file.add("all", "group", {{"members", members}});
    file.add("pool", "forward", {{"server", "192.0.2.1"}});
    file.add("line", "direct", {{"mark", "0x100/0x100"}});
    return file.get("all")->leads();
  };
  CHECK(leads("direct, transparent") == Leads::to_destination);
  CHECK(leads("direct, line") == Leads::perhaps);
  CHECK(leads("pool, direct") == Leads::perhaps);
  CHECK(leads("pool, reject") == Leads::elsewhere);
}

}  // namespace weir
