// How a pool is laid out from its section: servers and services to members, members to tiers.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "upstream/check_key.h"
#include "upstream/pool.h"

namespace weir {
namespace {

constexpr std::size_t max_servers = 65'535;

// 0 to 65,535 as 1 to most_weight, in the proportions that `heaviest` leaves.
int scaled(std::uint16_t weight, std::uint16_t heaviest) {
  if (heaviest <= max_weight) {
    return std::max<int>(weight, 1);
  }
  return std::max(weight * max_weight / heaviest, 1);
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::make(const Settings& settings, const UpstreamProfile& profile,
                                         ServerPool& servers, Port port) {
  const std::string& balance = settings.text("balance");
  std::unique_ptr<Pool> pool(new Pool(servers.clock(), port, balance));
  if (auto added = pool->add(settings.all("server"), profile.name, servers); !added) {
    return added.error();
  }
  if (pool->servers_.size() > max_servers) {
    return Error("more than 65,535 servers", settings.location());
  }
  pool->is_led_to_ = profile.via != nullptr;
  auto check = parse_check(settings);
  if (!check) {
    return check.error();
  }
  pool->check_ = std::move(check).value();
  if (pool->check_ && profile.via) {
    return Error(
        "'check' cannot be used with 'via': weir does not check servers behind another upstream",
        settings.location_of("check"));
  }
  for (std::size_t i = 0; pool->check_ && i < pool->servers_.size(); ++i) {
    if (pool->servers_[i]->identity().port == 0) {
      return Error("a server that is checked needs a port", pool->members_[i].location);
    }
  }
  pool->health_ = {.eject_after = static_cast<std::uint32_t>(settings.number("eject-after")),
                   .eject_time = settings.duration("eject-time"),
                   .slow_start = settings.duration("slow-start")};
  pool->counts_load_ = balance == "least-flows" || balance == "random-two";
  pool->lay_out(balance);
  return pool;
}

Pool::Member Pool::member_of(const ServerKey& key, const SourceLocation& location) {
  return {.configured_weight = key.weight,
          .weight_in_file = key.weight,
          .weight = key.weight,
          .is_backup = key.role == ServerKey::Role::backup,
          .rank = 0,
          .max_flows = key.max_flows,
          .source = key.source,
          .location = location};
}

// A line of its own comes before what a service's records may say of the same server, wherever it
// stands in the file.
Result<Ok> Pool::add(const std::vector<Value>& lines, const std::string& upstream,
                     ServerPool& servers) {
  std::set<std::string> names;
  std::vector<std::pair<ServerKey, SourceLocation>> of_services;
  for (const Value& line : lines) {
    auto parsed = parse_server(line);
    if (!parsed) {
      return parsed.error();
    }
    const ServerKey& key = parsed.value();
    if (!names.insert(key.name).second) {
      return Error("a second server named '" + key.name + "' (give it a name: NAME=HOST)",
                   line.location);
    }
    if (key.kind == ServerKey::Kind::service) {
      of_services.emplace_back(key, line.location);
    } else {
      const Port port = key.port != 0 ? key.port : port_;
      add_server({upstream, key.name, key.host, port}, member_of(key, line.location), servers);
    }
  }
  for (const auto& [key, location] : of_services) {
    add_service(key.host, member_of(key, location), upstream, servers, names);
  }
  return Ok{};
}

// Each target becomes a server HOST:PORT, and the same one again while the records name it.
void Pool::add_service(const std::string& name, const Member& like, const std::string& upstream,
                       ServerPool& servers, std::set<std::string>& names) {
  services_.push_back(servers.service(name));
  versions_.push_back(services_.back()->version());
  const auto& targets = services_.back()->targets();
  std::set<std::uint16_t> priorities;
  std::uint16_t heaviest = 0;
  for (const auto& target : targets) {
    priorities.insert(target.priority);
    heaviest = std::max(heaviest, target.weight);
  }
  for (const auto& target : targets) {
    const std::string text = target.host + ":" + std::to_string(target.port);
    if (servers_.size() >= max_servers || !names.insert(text).second) {
      continue;
    }
    Member member = like;
    member.configured_weight = scaled(target.weight, heaviest);
    member.rank = static_cast<std::uint32_t>(
        std::distance(priorities.begin(), priorities.find(target.priority)));
    add_server({upstream, text, target.host, target.port}, member, servers);
  }
}

void Pool::add_server(const Server::Identity& identity, Member member, ServerPool& servers) {
  auto server = servers.get(identity);
  const int wanted =
      is_rewritten(member, *server) ? 0 : server->weight_override.load(std::memory_order_relaxed);
  member.weight = wanted != 0 ? wanted : member.configured_weight;
  servers_.push_back(std::move(server));
  members_.push_back(std::move(member));
}

void Pool::lay_out(std::string_view balance) {
  std::map<std::pair<bool, std::uint32_t>, std::vector<std::uint16_t>> tiers;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    tiers[{members_[i].is_backup, members_[i].rank}].push_back(static_cast<std::uint16_t>(i));
  }
  for (auto& [rank, members] : tiers) {
    std::vector<Candidate> candidates;
    candidates.reserve(members.size());
    for (const auto member : members) {
      candidates.push_back({servers_[member]->identity().name, members_[member].weight});
    }
    tiers_.push_back({std::move(members), make_balancer(balance, candidates)});
  }
}

}  // namespace weir
