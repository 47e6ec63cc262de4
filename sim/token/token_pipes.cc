// SPDX-License-Identifier: Apache-2.0
// Layers that buffer windows or calculate in pipelines.
#include "sim/token/token_nodes.h"

namespace assay::sim::token {
namespace {

/// What reads a ring: the word that it reads next, and how many the last step freed.
struct WindowReader {
  explicit WindowReader(const hw::WindowTiming& timing) : t(timing) {}
  std::int64_t depth() const { return t.depth; }

  std::int64_t advance() {
    for (std::size_t loop = 0; loop < 3; ++loop) {
      word += t.step[loop];
      if (++index[loop] < t.count[loop]) return 0;
      word -= t.step[loop] * t.count[loop];
      index[loop] = 0;
    }
    std::int64_t step = t.column_step;
    if (++column == t.columns) {
      column = 0;
      step = t.row_step;
      if (++row == t.rows) {
        row = 0;
        step = t.frame_step;
      }
    }
    word += step;
    return step;
  }

  hw::WindowTiming t;
  std::int64_t word = 0, freed = 0, column = 0, row = 0, index[3] = {};
};

struct PickReader {
  explicit PickReader(const hw::PickTiming& timing) : t(timing), word(t.first), freed(t.unread) {}
  std::int64_t depth() const { return t.depth; }

  std::int64_t advance() {
    ++word;
    if (++fold < t.folds) return 0;
    fold = 0;
    --word;
    if (column + 1 < t.column_steps.size()) {
      word += t.column_steps[column++];
      return 0;
    }
    column = 0;
    word += t.row_steps[row];
    const std::int64_t frees = t.row_frees[row];
    row = row + 1 < t.row_steps.size() ? row + 1 : 0;
    return frees;
  }

  hw::PickTiming t;
  std::int64_t word = 0, freed = 0, fold = 0;
  std::size_t column = 0, row = 0;
};

/// WindowTiming and PickTiming.
template <typename Reader>
class Ring final : public CopyableNode<Ring<Reader>> {
  using Base = CopyableNode<Ring>;
  using Base::in;
  using Base::out;
  using Base::ports_;

 public:
  Ring(Reader reader, Ports ports) : Base(std::move(ports)), reader_(std::move(reader)) {
    stored_.resize(std::bit_ceil(static_cast<std::uint64_t>(reader_.depth() + 1)));
  }
  void run() override {
    while (take() || read()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (reader_.word >= in().taken)
      add_missing(waits, ports_, 1);
    else if (out().taken < out().written)
      waits.push_back({true, 0});
    return waits;
  }

 private:
  Cycle& stored(std::int64_t word) {
    return stored_[static_cast<std::uint64_t>(word) & (stored_.size() - 1)];
  }
  /// Writes words until the ring is full.
  bool take() {
    const std::int64_t depth = reader_.depth();
    bool any = false;
    for (; in().has(in().taken) && in().taken < reader_.freed + depth; any = true) {
      Cycle at = std::max(last_take_ + 1, in().valid(in().taken));
      // Words that were freed make room behind the read that freed them.
      while (!frees_.empty() && in().taken >= frees_.front().words + depth) frees_.pop_front();
      if (!frees_.empty() && in().taken >= frees_.front().before + depth)
        at = std::max(at, frees_.front().at + 1);
      stored(in().taken) = at;
      in().take(at);
      last_take_ = at;
    }
    return any;
  }
  /// Reads the next word into the output's register, which must be empty or empty itself in this
  /// cycle.
  bool read() {
    const std::int64_t k = out().written;
    if (reader_.word >= in().taken || (k > 0 && !out().took(k - 1))) return false;
    read_ = std::max(read_ + 1, stored(reader_.word) + 1);
    if (k > 0) read_ = std::max(read_, out().taken_at(k - 1));
    out().write(read_);
    const std::int64_t step = reader_.advance();
    if (step == 0) return true;
    frees_.push_back({reader_.freed, reader_.freed + step, read_});
    reader_.freed += step;
    return true;
  }

  /// Words freed by a read in cycle `at`: from `before` of them to `words`.
  struct Free {
    std::int64_t before, words;
    Cycle at;
  };

  Reader reader_;
  std::vector<Cycle> stored_;
  Queue<Free> frees_;
  Cycle last_take_ = -1, read_ = -1;
};

/// PipelineTiming, with or without sums in front.
template <typename Pipe>
class Pipeline final : public CopyableNode<Pipeline<Pipe>> {
  using Base = CopyableNode<Pipeline>;
  using Base::out;
  using Base::ports_;

 public:
  Pipeline(Pipe pipe, Ports ports) : Base(std::move(ports)), pipe_(std::move(pipe)) {}
  void run() override {
    pipe_.drain(out());
    for (;;) {
      Cycle at = last_ + 1;
      for (const Stream* in : ports_.inputs) {
        if (!in->has(in->taken)) return;
        at = std::max(at, in->valid(in->taken));
      }
      at = pipe_.entry(out(), at);
      if (at >= kUnlimited) return;
      for (Stream* in : ports_.inputs) in->take(at);
      pipe_.enter(out(), at);
      last_ = at;
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, ~std::uint64_t{0});
    if (waits.empty()) waits.push_back({true, 0});
    return waits;
  }

 private:
  Pipe pipe_;
  Cycle last_ = -1;
};

/// ProductTiming: the replay buffer in front of the products.
template <typename Pipe>
class Product final : public CopyableNode<Product<Pipe>> {
  using Base = CopyableNode<Product>;
  using Base::in;
  using Base::out;
  using Base::ports_;

 public:
  Product(const hw::ProductTiming& t, Pipe pipe, Ports ports)
      : Base(std::move(ports)),
        t_(t),
        pipe_(std::move(pipe)),
        weighted_(ports_.inputs.size() > 1),
        stored_(static_cast<std::size_t>(2 * t.length)) {}
  void run() override {
    for (;;) {
      pipe_.drain(out());
      const bool any = t_.repeats > 1 && take();
      if (!play() && !any) return;
    }
  }
  Waits waits() const override {
    if (held_ && weighted_ && !weights().has(weights().taken)) return {{false, 1}};
    const bool plays = held_ || repeat_ > 0 || vector_ * t_.length + fold_ < in().taken;
    return {{plays, 0}};
  }

 private:
  Stream& weights() const { return *ports_.inputs[1]; }
  /// Two vectors are stored; the last word read of one makes room for the one after the next.
  bool take() {
    bool any = false;
    for (; in().has(in().taken) && in().taken < (vector_ + 2) * t_.length; any = true) {
      const std::int64_t vector = in().taken / t_.length;
      last_take_ = std::max(last_take_ + 1, in().valid(in().taken));
      if (vector >= 2) last_take_ = std::max(last_take_, freed_[vector & 1] + 1);
      stored_[static_cast<std::size_t>(in().taken % (2 * t_.length))] = last_take_;
      in().take(last_take_);
    }
    return any;
  }
  bool play() {
    if (repeat_ > 0 && fold_ == 0 && !held_ && !weighted_) return replay();
    return (held_ || load()) && fire();
  }
  /// The next word goes into the register behind the buffer, when that is empty or fires now.
  bool load() {
    if (t_.repeats == 1) {
      if (!in().has(in().taken)) return false;
      loaded_ = std::max(in().valid(in().taken), fired_);
      in().take(loaded_);
    } else {
      const std::int64_t word = vector_ * t_.length + fold_;
      if (word >= in().taken) return false;
      loaded_ = std::max(stored_[static_cast<std::size_t>(word % (2 * t_.length))] + 1, fired_);
    }
    return held_ = true;
  }
  bool fire() {
    Cycle at = loaded_ + 1;
    if (weighted_) {
      if (!weights().has(weights().taken)) return false;
      at = std::max(at, weights().valid(weights().taken));
    }
    at = pipe_.entry(out(), at);
    if (at >= kUnlimited) return false;
    if (weighted_) weights().take(at);
    fired_ = at;
    held_ = false;
    if (++fold_ == t_.length) end_of_vector();
    return true;
  }
  /// A vector that is there plays without a pause but the pipeline's own.
  bool replay() {
    const Cycle before = t_.length > 1 ? pipe_.moving(fired_ + 1, t_.length - 1) : fired_;
    if (before >= kUnlimited) return false;
    const Cycle at = pipe_.moving(before + 1, 1);
    if (at >= kUnlimited) return false;
    loaded_ = before;
    fired_ = at;
    end_of_vector();
    return true;
  }
  void end_of_vector() {
    fold_ = 0;
    if (++repeat_ == t_.repeats) {
      repeat_ = 0;
      freed_[vector_++ & 1] = loaded_;
    }
    pipe_.enter(out(), fired_);
  }

  hw::ProductTiming t_;
  Pipe pipe_;
  bool weighted_;                                    ///< weights stream in
  std::vector<Cycle> stored_;                        ///< when the words of two vectors were written
  std::int64_t vector_ = 0, repeat_ = 0, fold_ = 0;  ///< that plays
  bool held_ = false;                                ///< a beat is in the register
  Cycle last_take_ = -1, loaded_ = -1, fired_ = -1, freed_[2] = {};
};

}  // namespace

std::unique_ptr<Node> make_window(const hw::WindowTiming& t, Ports ports) {
  return std::make_unique<Ring<WindowReader>>(WindowReader(t), std::move(ports));
}

std::unique_ptr<Node> make_pick(const hw::PickTiming& t, Ports ports) {
  return std::make_unique<Ring<PickReader>>(PickReader(t), std::move(ports));
}

std::unique_ptr<Node> make_pipeline(const hw::PipelineTiming& t, Ports ports) {
  StoppingPipe thresholds(ports.capacity[0], t.stages);
  if (t.sum_stages == 0)
    return std::make_unique<Pipeline<StoppingPipe>>(std::move(thresholds), std::move(ports));
  using Sums = WaitingPipe<StoppingPipe>;
  return std::make_unique<Pipeline<Sums>>(Sums(std::move(thresholds), t.sum_stages),
                                          std::move(ports));
}

std::unique_ptr<Node> make_product(const hw::ProductTiming& t, Ports ports) {
  const std::int64_t capacity = ports.capacity[0];
  if (t.stages == 0) {
    using Pipe = WaitingPipe<SkidEntry>;
    return std::make_unique<Product<Pipe>>(t, Pipe(SkidEntry(capacity), t.sum_stages),
                                           std::move(ports));
  }
  using Pipe = WaitingPipe<StoppingPipe>;
  return std::make_unique<Product<Pipe>>(t, Pipe(StoppingPipe(capacity, t.stages), t.sum_stages),
                                         std::move(ports));
}

}  // namespace assay::sim::token
