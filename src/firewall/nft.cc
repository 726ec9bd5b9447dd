#include "firewall/nft.h"

#include <dlfcn.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <sys/select.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/netlink.h"

namespace weir::firewall {

namespace {

template <typename Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
}

// Of libnftables what is used here; none where it is not installed, or is another one.
struct Library {
  decltype(nft_ctx_new)* make = nullptr;
  decltype(nft_ctx_free)* free = nullptr;
  decltype(nft_ctx_buffer_output)* buffer_output = nullptr;
  decltype(nft_ctx_buffer_error)* buffer_error = nullptr;
  decltype(nft_ctx_get_output_buffer)* output = nullptr;
  decltype(nft_ctx_get_error_buffer)* errors = nullptr;
  decltype(nft_ctx_output_set_flags)* set_flags = nullptr;
  decltype(nft_ctx_set_dry_run)* set_dry_run = nullptr;
  decltype(nft_run_cmd_from_buffer)* run = nullptr;

  Library() {
    void* library = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return;
    }
    find(library, "nft_ctx_new", make);
    find(library, "nft_ctx_free", free);
    find(library, "nft_ctx_buffer_output", buffer_output);
    find(library, "nft_ctx_buffer_error", buffer_error);
    find(library, "nft_ctx_get_output_buffer", output);
    find(library, "nft_ctx_get_error_buffer", errors);
    find(library, "nft_ctx_output_set_flags", set_flags);
    find(library, "nft_ctx_set_dry_run", set_dry_run);
    find(library, "nft_run_cmd_from_buffer", run);
  }
  [[nodiscard]] bool is_whole() const {
    return make != nullptr && free != nullptr && buffer_output != nullptr &&
           buffer_error != nullptr && output != nullptr && errors != nullptr &&
           set_flags != nullptr && set_dry_run != nullptr && run != nullptr;
  }
};

Ended run_here(const Library& library, const std::string& commands, NftWith with) {
  const std::unique_ptr<nft_ctx, decltype(nft_ctx_free)*> context(library.make(NFT_CTX_DEFAULT),
                                                                  library.free);
  if (!context) {
    return {.status = 1, .output = "", .errors = "Error: libnftables has no memory"};
  }
  library.buffer_output(context.get());
  library.buffer_error(context.get());
  if (with == NftWith::no_values) {
    library.set_flags(context.get(), NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE);
  }
  library.set_dry_run(context.get(), with == NftWith::no_changes);
  const int status = library.run(context.get(), commands.c_str());
  const char* output = library.output(context.get());
  const char* errors = library.errors(context.get());
  return {.status = status == 0 ? 0 : 1,
          .output = output != nullptr ? output : "",
          .errors = errors != nullptr ? errors : ""};
}

Result<Ended> run_program_nft(const std::string& commands, NftWith with) {
  std::vector<std::string> arguments{"nft"};
  if (with == NftWith::no_values) {
    arguments.insert(arguments.end(), {"--stateless", "--terse"});
  } else if (with == NftWith::no_changes) {
    arguments.emplace_back("--check");
  }
  arguments.insert(arguments.end(), {"--file", "-"});
  return run_program(arguments, commands);
}

// Whether no descriptor of this process has a number so large; the kernel gives the lowest that is
// free, but below a large one hardly any may be.
bool all_descriptors_are_below(int bound) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    int number = 0;
    const std::string name = entry->path().filename();
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number >= bound) {
      return false;
    }
  }
  return !error;
}

// The library ends the process where it can open no socket, and where that has a number that
// select() does not take; and where it may do nothing it says so on our standard error. Until it
// has opened its socket, in less than a millisecond, other threads may open as many again.
bool is_safe_here() {
  return may_change_the_network() && all_descriptors_are_below(FD_SETSIZE / 2) &&
         netlink::open(NETLINK_NETFILTER).ok();
}

}  // namespace

Result<Ended> run_nft(const std::string& commands, NftWith with) {
  static const Library library;
  return library.is_whole() && is_safe_here() ? Result<Ended>(run_here(library, commands, with))
                                              : run_program_nft(commands, with);
}

Result<> apply_nft(const std::string& commands) {
  const auto ended = run_nft(commands, NftWith::everything);
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status != 0) {
    return Error(first_line(ended.value().errors));
  }
  return Ok{};
}

}  // namespace weir::firewall
