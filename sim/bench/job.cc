// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/job.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace assay::sim {
namespace {

void write_stream(std::ostream& out, const char* key, const StreamFile& s) {
  out << key << ' ' << s.bits << ' ' << s.beats << ' ' << (s.last ? 1 : 0) << ' ' << s.path << '\n';
}

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string rest_of(std::istringstream& line) {
  std::string text;
  std::getline(line >> std::ws, text);
  return text;
}

Tokens read_stream(std::istringstream& line) {
  Tokens tokens;
  line >> tokens.bits >> tokens.beats >> tokens.last;
  const std::string path = rest_of(line);
  tokens.bytes = read_bytes(path);
  if (tokens.bits < 1 || tokens.beats < 1 || tokens.bytes.empty() ||
      tokens.bytes.size() % tokens.stride() != 0)
    throw std::runtime_error(path + " holds no whole beats");
  return tokens;
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
  std::string text = "x";
  for (const std::uint8_t b : bytes) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

std::vector<std::uint8_t> bytes_of(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 1; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

Profile read_profile(std::istringstream& line) {
  std::string name;
  line >> name;
  const auto profile = parse_profile(name);
  if (!profile) throw std::runtime_error("no profile is called " + name);
  return *profile;
}

void read_gauge(std::istringstream& line, JobFile& file) {
  Gauge& gauge = file.job.gauges.emplace_back();
  line >> gauge.in >> gauge.out;
}

void read_wave(std::istringstream& line, JobFile& file) {
  line >> file.wave_window.from >> file.wave_window.cycles;
  file.wave = rest_of(line);
}

struct JobLine {
  std::string_view key;
  void (*read)(std::istringstream& line, JobFile& file);
};

constexpr JobLine kJobLines[] = {
    {"dut", [](auto& line, auto& file) { line >> file.dut; }},
    {"frames", [](auto& line, auto& file) { line >> file.job.frames; }},
    {"profile", [](auto& line, auto& file) { file.job.profile = read_profile(line); }},
    {"seed", [](auto& line, auto& file) { line >> file.job.seed; }},
    {"resets", [](auto& line, auto& file) { line >> file.job.resets; }},
    {"patience", [](auto& line, auto& file) { line >> file.job.patience; }},
    {"in", [](auto& line, auto& file) { file.job.inputs.push_back(read_stream(line)); }},
    {"out", [](auto& line, auto& file) { file.job.outputs.push_back(read_stream(line)); }},
    {"monitor", [](auto& line, auto& file) { file.job.monitors.push_back(read_stream(line)); }},
    {"gauge", read_gauge},
    {"control", [](auto& line, auto& file) { line >> file.controls.emplace_back(); }},
    {"plant", [](auto&, auto& file) { file.plant = true; }},
    {"collect", [](auto& line, auto& file) { file.collect = rest_of(line); }},
    {"stamps", [](auto& line, auto& file) { file.stamps = rest_of(line); }},
    {"wave", read_wave},
};

void read_job_line(const std::string& key, std::istringstream& line, JobFile& file) {
  const auto known = std::ranges::find(kJobLines, key, &JobLine::key);
  if (known == std::end(kJobLines)) throw std::runtime_error("a job has no " + key);
  known->read(line, file);
}

void write_counts(std::ostream& out, const char* key, const StreamCounts& c) {
  out << key << ' ' << c.predicted << ' ' << c.compared << ' ' << c.differing << ' ' << c.stalls
      << ' ' << c.starves << ' ' << c.first << ' ' << c.last << ' ' << c.valid << ' ' << c.ready
      << ' ' << c.stamp_hash << ' ' << c.digest << ' ' << c.differing_digest << '\n';
}

void read_counts(std::istringstream& line, StreamCounts& c) {
  line >> c.predicted >> c.compared >> c.differing >> c.stalls >> c.starves >> c.first >> c.last >>
      c.valid >> c.ready >> c.stamp_hash >> c.digest >> c.differing_digest;
}

void read_result_line(const std::string& key, std::istringstream& line, Result& r) {
  if (key == "counts") {
    line >> r.predicted >> r.compared >> r.compared_before_reset >> r.differing;
  } else if (key == "cycles") {
    line >> r.cycles >> r.first_beat >> r.total_cycles;
  } else if (key == "frame") {
    line >> r.frame_ends.emplace_back();
  } else if (key == "violation") {
    Violation& v = r.violations.emplace_back();
    line >> v.rule >> v.stream >> v.cycle;
  } else if (key == "mismatch") {
    Mismatch& m = r.first.emplace();
    std::string expected, got;
    line >> m.monitor >> m.output >> m.frame >> m.beat >> m.cycle >> m.fault >> expected >> got;
    m.expected = bytes_of(expected);
    m.got = bytes_of(got);
  } else if (key == "output") {
    read_counts(line, r.outputs.emplace_back());
  } else if (key == "monitor") {
    read_counts(line, r.monitors.emplace_back());
  } else if (key == "high-water") {
    line >> r.high_water.emplace_back();
  } else if (key == "stuck") {
    r.stuck = rest_of(line);
  } else {
    throw std::runtime_error("a result has no " + key);
  }
  if (line.fail()) throw std::runtime_error("the line of " + key + " is not complete");
}

}  // namespace

void write_job(std::ostream& out, const JobFile& file, const StreamFiles& streams) {
  const Job& job = file.job;
  out << "dut " << file.dut << "\nframes " << job.frames << "\nprofile "
      << profile_name(job.profile) << "\nseed " << job.seed << "\nresets " << job.resets
      << "\npatience " << job.patience << '\n';
  for (const StreamFile& s : streams.inputs) write_stream(out, "in", s);
  for (const StreamFile& s : streams.outputs) write_stream(out, "out", s);
  for (const StreamFile& s : streams.monitors) write_stream(out, "monitor", s);
  for (const Gauge& g : job.gauges) out << "gauge " << g.in << ' ' << g.out << '\n';
  for (const std::uint64_t value : file.controls) out << "control " << value << '\n';
  if (file.plant) out << "plant\n";
  if (!file.collect.empty()) out << "collect " << file.collect << '\n';
  if (!file.stamps.empty()) out << "stamps " << file.stamps << '\n';
  if (!file.wave.empty())
    out << "wave " << file.wave_window.from << ' ' << file.wave_window.cycles << ' ' << file.wave
        << '\n';
}

JobFile read_job(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  JobFile file;
  for (std::string text; std::getline(in, text);) {
    std::istringstream line(text);
    std::string key;
    line >> key;
    read_job_line(key, line, file);
    if (line.fail()) throw std::runtime_error("a job's line of " + key + " is not complete");
  }
  if (file.job.inputs.empty() || file.job.outputs.empty() || file.job.frames < 1)
    throw std::runtime_error("the job has no streams or frames");
  for (const Gauge& g : file.job.gauges)
    if (std::max(g.in, g.out) >= file.job.monitors.size())
      throw std::runtime_error("the job has a gauge of streams that are not monitored");
  return file;
}

void write_result(std::ostream& out, const Result& r) {
  out << "counts " << r.predicted << ' ' << r.compared << ' ' << r.compared_before_reset << ' '
      << r.differing << "\ncycles " << r.cycles << ' ' << r.first_beat << ' ' << r.total_cycles
      << '\n';
  for (const std::int64_t end : r.frame_ends) out << "frame " << end << '\n';
  for (const Violation& v : r.violations)
    out << "violation " << v.rule << ' ' << v.stream << ' ' << v.cycle << '\n';
  if (r.first)
    out << "mismatch " << r.first->monitor << ' ' << r.first->output << ' ' << r.first->frame << ' '
        << r.first->beat << ' ' << r.first->cycle << ' ' << r.first->fault << ' '
        << hex(r.first->expected) << ' ' << hex(r.first->got) << '\n';
  for (const StreamCounts& c : r.outputs) write_counts(out, "output", c);
  for (const StreamCounts& c : r.monitors) write_counts(out, "monitor", c);
  for (const std::int64_t beats : r.high_water) out << "high-water " << beats << '\n';
  if (!r.stuck.empty()) out << "stuck " << r.stuck << '\n';
  out << "end\n";
}

Result read_result(std::istream& in) {
  Result result;
  for (std::string text; std::getline(in, text);) {
    if (text == "end") return result;
    std::istringstream line(text);
    std::string key;
    line >> key;
    read_result_line(key, line, result);
  }
  throw std::runtime_error("the result is not complete");
}

void write_stamps(std::ostream& out, const Result& r) {
  for (const auto* streams : {&r.input_stamps, &r.output_stamps, &r.monitor_stamps})
    for (const std::vector<Stamp>& stamps : *streams) {
      const auto count = static_cast<std::int64_t>(stamps.size());
      out.write(reinterpret_cast<const char*>(&count), sizeof count);
      out.write(reinterpret_cast<const char*>(stamps.data()),
                static_cast<std::streamsize>(stamps.size() * sizeof(Stamp)));
    }
}

void read_stamps(std::istream& in, std::size_t inputs, std::size_t outputs, std::size_t monitors,
                 Result& r) {
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::size_t at = 0;
  const auto read = [&](void* target, std::size_t size) {
    if (size > bytes.size() - at) throw std::runtime_error("the stamps are not complete");
    std::memcpy(target, bytes.data() + at, size);
    at += size;
  };
  r.input_stamps.resize(inputs);
  r.output_stamps.resize(outputs);
  r.monitor_stamps.resize(monitors);
  for (auto* streams : {&r.input_stamps, &r.output_stamps, &r.monitor_stamps})
    for (std::vector<Stamp>& stamps : *streams) {
      std::uint64_t count = 0;
      read(&count, sizeof count);
      if (count > bytes.size() / sizeof(Stamp))
        throw std::runtime_error("the stamps are not complete");
      stamps.resize(count);
      read(stamps.data(), count * sizeof(Stamp));
    }
  if (at != bytes.size()) throw std::runtime_error("the stamps are of other streams");
}

}  // namespace assay::sim
