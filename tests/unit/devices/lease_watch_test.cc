#include "devices/lease_watch.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string line(int last, const std::string& name) {
  return "1795234080 00:00:5e:00:53:0" + std::to_string(last) + " 192.0.2." + std::to_string(last) +
         " " + name + " *\n";
}

// A watch, what it has told, and how to wait for more.
struct Watched {
  explicit Watched(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
      paths.push_back(folder / name);
    }
    watch = LeaseWatch::start(loop, paths, [this](const std::shared_ptr<const LeaseBook>& book) {
              ++reported;
              now = book;
              loop.stop();
            }).value();
  }
  ~Watched() { watch.reset(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Waits until the book has these names.
  bool comes_to(const std::string& wanted) {
    bool late = false;
    std::optional<Timer> end(std::in_place, loop, [&]() {
      late = true;
      loop.stop();
    });
    end->once(Milliseconds(10'000));
    while (names() != wanted && !late) {
      loop.run();
    }
    end.reset();
    return names() == wanted;
  }
  [[nodiscard]] std::string names() const {
    std::string out;
    for (const Lease& lease : now->leases) {
      out += lease.name + " ";
    }
    return out;
  }

  Folder folder;
  Loop loop;
  int reported = 0;
  std::shared_ptr<const LeaseBook> now;
  std::unique_ptr<LeaseWatch> watch;
};

TEST_CASE("what the files say is told at once, then whenever it has changed") {
  Watched world({"leases"});
  CHECK(world.reported == 1);
  CHECK(world.now->sources.front().state == LeaseSource::State::absent);
  write(world.folder / "leases", line(1, "tv"));
  CHECK(world.comes_to("tv "));
  write(world.folder / "new", line(2, "phone"));
  std::filesystem::rename(world.folder / "new", world.folder / "leases");
  CHECK(world.comes_to("phone "));
  std::filesystem::remove(world.folder / "leases");
  CHECK(world.comes_to(""));
}

TEST_CASE("a file that is cut and written again in place is told once, as a whole") {
  Watched world({"leases"});
  write(world.folder / "leases", line(1, "tv"));
  REQUIRE(world.comes_to("tv "));
  const int before = world.reported;
  // As dnsmasq does: what is read between the two would be an empty book.
  std::ofstream kept(world.folder / "leases", std::ios::app);
  std::filesystem::resize_file(world.folder / "leases", 0);
  kept << line(1, "tv") << std::flush;
  kept << line(2, "phone") << std::flush;
  CHECK(world.comes_to("tv phone "));
  CHECK(world.reported == before + 1);
}

TEST_CASE("a folder that is not there yet is waited for") {
  Watched world({"var/lib/leases"});
  std::filesystem::create_directories(world.folder / "var/lib");
  write(world.folder / "var/lib/leases", line(1, "tv"));
  CHECK(world.comes_to("tv "));
}

TEST_CASE("what Kea's clean-up puts aside and completes is read, too") {
  Watched world({"leases4.csv"});
  const std::string columns =
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n";
  write(world.folder / "leases4.csv",
        columns + "192.0.2.1,00:00:5e:00:53:01,,4000,1795234080,1,0,0,tv,0\n");
  REQUIRE(world.comes_to("tv "));
  std::filesystem::rename(world.folder / "leases4.csv", world.folder / "leases4.csv.1");
  write(world.folder / "leases4.csv",
        columns + "192.0.2.2,00:00:5e:00:53:02,,4000,1795234080,1,0,0,phone,0\n");
  CHECK(world.comes_to("tv phone "));
  write(world.folder / "leases4.csv.completed", columns);
  CHECK(world.comes_to("phone "));
}

}  // namespace
}  // namespace weir
