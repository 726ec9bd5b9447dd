#include "firewall/name_set_messages.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <map>
#include <unordered_set>

#include "firewall/nft_transaction.h"

namespace weir::firewall {
namespace {

// Since Linux 6.3; not in every system's header.
constexpr std::uint16_t destroy_element = 30;

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};

Version version_in(std::string_view release) {
  Version out;
  const char* const end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, out.major);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, out.minor);
  }
  return out;
}

// What becomes of one set's pairs.
struct OfSet {
  bool is_cleared = false;  // before that
  std::vector<const NameSetChange*> put;
  std::vector<const NameSetChange*> take_out;
};

std::map<std::string_view, OfSet> by_set(std::span<const NameSetChange> changes) {
  std::map<std::string_view, OfSet> sets;
  std::map<std::string_view, std::unordered_set<NamePair, NamePair::Hash>> seen;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    OfSet& set = sets[*change->set];
    if (change->what == NameSetChange::What::take_out_all) {
      set.is_cleared = true;
    } else if (!set.is_cleared && seen[*change->set].insert(change->pair).second) {
      (change->what == NameSetChange::What::put ? set.put : set.take_out).push_back(&*change);
    }
  }
  return sets;
}

void put_address(std::vector<std::uint8_t>& key, const Address& address) {
  const auto& bytes = address.bytes();
  key.insert(key.end(), bytes.begin() + (address.is_v4() ? 12 : 0), bytes.end());
}

enum class With : std::uint8_t { timeout, nothing };

void put_pair(nlmsghdr& message, const NameSetChange& change, With what) {
  std::vector<std::uint8_t> key;
  put_address(key, change.pair.client);
  put_address(key, change.pair.address);
  nlattr* element = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  nlattr* outer = mnl_attr_nest_start(&message, NFTA_SET_ELEM_KEY);
  mnl_attr_put(&message, NFTA_DATA_VALUE, key.size(), key.data());
  mnl_attr_nest_end(&message, outer);
  if (what == With::timeout) {
    const auto ms = std::max<std::int64_t>(1, change.timeout.count());
    mnl_attr_put_u64(&message, NFTA_SET_ELEM_TIMEOUT, htobe64(static_cast<std::uint64_t>(ms)));
  }
  mnl_attr_nest_end(&message, element);
}

void add(NftTransaction& to, std::uint16_t type, std::string_view set,
         const std::vector<const NameSetChange*>& changes) {
  if (changes.empty()) {
    return;
  }
  const bool is_new = type == NFT_MSG_NEWSETELEM;
  to.add(type, is_new ? NLM_F_CREATE : 0, [&](nlmsghdr& message) {
    put_set_name(message, std::string(set));
    nlattr* list = mnl_attr_nest_start(&message, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const NameSetChange* change : changes) {
      put_pair(message, *change, is_new ? With::timeout : With::nothing);
    }
    mnl_attr_nest_end(&message, list);
  });
}

}  // namespace

NewTimeout new_timeout_of(std::string_view release) {
  return version_in(release) >= Version{6, 12} ? NewTimeout::in_place : NewTimeout::by_replacing;
}

NewTimeout new_timeout_here() {
  utsname name{};
  return uname(&name) == 0 ? new_timeout_of(static_cast<const char*>(name.release))
                           : NewTimeout::by_replacing;
}

std::vector<std::byte> name_set_messages(std::span<const NameSetChange> changes, NewTimeout how,
                                         std::uint32_t& sequence) {
  assert(changes.size() <= changes_in_one);
  NftTransaction transaction(sequence);
  for (const auto& [set, its] : by_set(changes)) {
    if (its.is_cleared) {
      // Without elements it is for all that there are.
      transaction.add(NFT_MSG_DELSETELEM, 0, [&name = set](nlmsghdr& message) {
        put_set_name(message, std::string(name));
      });
    }
    if (how == NewTimeout::in_place) {
      add(transaction, destroy_element, set, its.take_out);
      add(transaction, NFT_MSG_NEWSETELEM, set, its.put);
      continue;
    }
    for (const auto* pairs : {&its.take_out, &its.put}) {
      add(transaction, NFT_MSG_NEWSETELEM, set, *pairs);
      add(transaction, NFT_MSG_DELSETELEM, set, *pairs);
    }
    add(transaction, NFT_MSG_NEWSETELEM, set, its.put);
  }
  return transaction.finish();
}

}  // namespace weir::firewall
