"""What published lattice attacks on LWE with a binary secret cost, in bits.

Our own implementation of published methods, with nothing but the standard library:

- root Hermite factor of BKZ with block size beta: Chen's thesis (2013), equation (4);
- primal attack by unique SVP with the embedding for small secrets: ePrint 2015/1092, 2013/839, 2017/815;
- primal attack by BDD, with a last SVP in a larger projection: Liu and Nguyen (CT-RSA 2013);
- dual attack, and dual hybrid that guesses part of a binary secret exhaustively: ePrint 2020/515;
- dual attack with a guess by FFT modulo p: Guo and Johansson (Asiacrypt 2021) and the MATZOV
  report (zenodo 6412487), theorem 7.6. ePrint 2023/302 shows that its heuristics promise too much: a lower bound.

Cost of lattice reduction:

- core-SVP: one call of a sieve, 2^(0.292 beta) (ePrint 2015/1092), quantum 2^(0.257 beta) (ePrint 2021/570);
- sieving: 8 d calls of 2^(0.292 beta + 16.4) operations each (ePrint 2015/1128, the constant from experiments);
  the model in which tfhe-rs chooses its parameters (its README, "Security estimation");
- MATZOV: gates, with dimensions for free and list decoding. The line is a fit to the tables of ePrint 2019/1161
  with the improvements of the MATZOV report.
"""

from dataclasses import dataclass
from math import ceil, e, exp, floor, inf, lgamma, log, log2, pi, sqrt

# An attack succeeds when it does so in 99 of 100 runs.
SUCCESS = 0.99
SMALLEST_BLOCK, LARGEST_BLOCK = 100, 900


@dataclass(frozen=True)
class Lwe:
	"""LWE with a binary secret, as many samples as the attacker likes."""

	name: str
	dimension: int
	modulus: float
	noise_bound_log2: int

	@property
	def noise(self):
		"""Standard deviation of TUniform(b): the ends of [-2^b, 2^b] are half as likely as the rest."""
		return sqrt((2 ** (2 * self.noise_bound_log2 + 1) + 1) / 6)

	@property
	def secret(self):
		"""Standard deviation of a uniform bit."""
		return 0.5


@dataclass(frozen=True)
class Cost:
	"""log2 of the operations, and what the attacker chooses."""

	bits: float
	block: int
	lattice: int
	guessed: int = 0


def log_delta(block):
	"""ln of the root Hermite factor."""
	return (log(block / (2 * pi * e)) + log(pi * block) / block) / (2 * (block - 1))


def log2_sum(*terms):
	largest = max(terms)
	return largest + log2(sum(2 ** (term - largest) for term in terms))


class CoreSvp:
	"""One call of the sieve."""

	def __init__(self, exponent):
		self.exponent = exponent

	def reduce(self, block, lattice):
		return self.exponent * block

	def many_short_vectors(self, block, lattice, wanted):
		"""log2 of the cost of 2^`wanted` vectors, and ln of their length over that of the shortest one found."""
		runs = max(0.0, wanted - 0.2075 * block)
		return self.reduce(block, lattice) + runs, log(4 / 3) / 2


class Sieving(CoreSvp):
	"""Eight tours of BKZ with a sieve as measured."""

	def __init__(self):
		super().__init__(0.292)

	def reduce(self, block, lattice):
		calls = 8 * lattice if block < lattice else 1
		return log2_sum(self.exponent * block + 16.4 + log2(calls), 3 * log2(lattice))


class Matzov:
	"""Gates of progressive BKZ with list decoding."""

	slope, constant = 0.29613500308205365, 20.387885985467914
	progressive = 1 / (1 - 2**-slope)

	def sieve(self, dimension):
		return log2(self.progressive) + self.slope * dimension + self.constant

	@staticmethod
	def free(block):
		return block * log(4 / 3) / log(block / (2 * pi * e))

	def reduce(self, block, lattice):
		calls = self.progressive * max(lattice - block, 1)
		return log2_sum(self.sieve(block - self.free(block)) + log2(calls), 3 * log2(lattice))

	def many_short_vectors(self, block, lattice, wanted):
		"""A sieve in the first block of the reduced basis, as large as the reduction makes it worth while."""
		dimension = block - floor(self.free(block))
		if block < lattice:
			more = log2((lattice - block) * self.progressive) / self.slope
			dimension = min(lattice, floor(dimension + more))
		runs = max(0.0, wanted - 0.2075 * dimension)
		longer = log(4 / 3) / 2 + (dimension - 1) * (log_delta(dimension) - log_delta(block))
		return log2_sum(self.reduce(block, lattice), self.sieve(dimension)) + runs, longer


MODELS = {
	"core-SVP": CoreSvp(0.292),
	"quantum": CoreSvp(0.257),
	"sieving": Sieving(),
	"MATZOV": Matzov(),
}


def cheapest(costs):
	return min(costs, key=lambda cost: cost.bits, default=Cost(inf, 0, 0))


def around_minimum(cost_at, low, high, step):
	"""The cheapest of `cost_at` over a range: a coarse pass, then all around its minimum."""
	coarse = min(range(low, high, step), key=lambda at: cost_at(at).bits)
	return cheapest(cost_at(at) for at in range(max(low, coarse - step), min(high, coarse + step)))


def primal_usvp(lwe, model):
	"""BKZ finds the short vector when its projection is shorter than what the reduced basis has there."""
	scale = log(lwe.noise / lwe.secret)

	def finds(block, lattice):
		volume = log(lwe.noise) + lwe.dimension * scale
		volume += (lattice - lwe.dimension - 1) * log(lwe.modulus)
		basis = (2 * block - lattice - 1) * log_delta(block) + volume / lattice
		return log(lwe.noise * sqrt(block)) <= basis

	def cost_at(block):
		for lattice in range(max(block, lwe.dimension) + 1, 3 * lwe.dimension):
			if finds(block, lattice):
				return Cost(model.reduce(block, lattice), block, lattice)
		return Cost(inf, block, 0)

	return around_minimum(cost_at, SMALLEST_BLOCK, LARGEST_BLOCK, 8)


def log_ball(dimension):
	return dimension / 2 * log(pi) - lgamma(dimension / 2 + 1)


def primal_bdd(lwe, model):
	"""Reduction with a smaller block, then one SVP in a larger projection, which contains the secret."""
	scale = log(lwe.noise / lwe.secret)

	def final_dimension(block, lattice):
		"""The smallest projection in which the secret is shorter than the Gaussian heuristic says."""
		volume = (lattice - lwe.dimension) * log(lwe.modulus) + lwe.dimension * scale
		for last in range(block // 2, lattice):
			first = lattice - last
			projected = last / lattice * volume - first * last * log_delta(block)
			heuristic = (projected + log(lwe.noise) - log_ball(last + 1)) / (last + 1)
			if heuristic > log(lwe.noise * sqrt(last + 1)):
				return last + 1
		return None

	def cost_at(block):
		best = ceil(sqrt(lwe.dimension * (log(lwe.modulus) - scale) / log_delta(block)))
		final = final_dimension(block, best)
		if final is None:
			return Cost(inf, block, best)
		bits = log2_sum(model.reduce(block, best), model.reduce(final, final))
		return Cost(bits, block, best)

	return around_minimum(cost_at, SMALLEST_BLOCK, LARGEST_BLOCK, 8)


def dual_noise(lwe, model, block, lattice_secrets):
	"""The best lattice for dual vectors over part of the secret, and the noise of the samples that they give,
	as ln of its standard deviation over q."""
	ratio = log(lwe.secret * lwe.modulus / lwe.noise)
	lattice = max(lattice_secrets + 1, ceil(sqrt(lattice_secrets * ratio / log_delta(block))))
	samples = lattice - lattice_secrets
	_, longer = model.many_short_vectors(block, lattice, 0)
	noise = longer + log(lwe.secret) + lattice * log_delta(block) - ratio * samples / lattice
	return lattice, noise


def vectors_needed(noise, factor, candidates):
	"""log2 of the number of samples with this noise that tell the right one of e^`candidates` guesses."""
	return log2(factor * (candidates - log(-log(SUCCESS) / 2))) + 4 * pi**2 * exp(2 * noise) / log(2)


def dual(lwe, model):
	"""Samples without a secret are told from uniform ones."""

	def cost_at(block):
		lattice, noise = dual_noise(lwe, model, block, lwe.dimension)
		if noise > 3:
			return Cost(inf, block, lattice)
		advantage = 4 * pi**2 * exp(2 * noise) / log(2)
		wanted = log2(-2 * log(2 - 2 * SUCCESS)) + advantage
		bits, _ = model.many_short_vectors(block, lattice, wanted)
		return Cost(log2_sum(bits, wanted), block, lattice)

	return around_minimum(cost_at, SMALLEST_BLOCK, LARGEST_BLOCK, 8)


def dual_hybrid(lwe, model):
	"""Part of the binary secret is guessed, all candidates at once by the recursion of ePrint 2020/515."""

	def cost_at(guessed):
		def with_block(block):
			lattice, noise = dual_noise(lwe, model, block, lwe.dimension - guessed)
			if noise > 3:
				return Cost(inf, block, lattice, guessed)
			wanted = vectors_needed(noise, 8, guessed * log(2))
			bits, _ = model.many_short_vectors(block, lattice, wanted)
			return Cost(log2_sum(bits, 1 + guessed + wanted), block, lattice, guessed)

		return around_minimum(with_block, SMALLEST_BLOCK, LARGEST_BLOCK, 8)

	return around_minimum(cost_at, 1, 200, 16)


def dual_fft(lwe, model):
	"""MATZOV: part of the secret is guessed modulo 2 by a fast Fourier transform over all dual vectors."""
	multiply, add = 32**2, 5 * 32

	def cost_at(transformed):
		kept = lwe.dimension - transformed
		lattice = lwe.dimension + kept

		def with_block(block):
			_, longer = model.many_short_vectors(block, lattice, 0)
			# The sieve's own vectors are of the length of the Gaussian heuristic in its block.
			length = longer + lattice * log_delta(block)
			noise = lwe.dimension / lattice * log(lwe.noise)
			noise += kept / lattice * log(lwe.secret * lwe.modulus) + length - log(lwe.modulus)
			if noise > 3:
				return Cost(inf, block, lattice, transformed)
			rounding = transformed / 3 * (lwe.secret * pi / 2) ** 2 / log(2)
			wanted = 4 * pi**2 * exp(2 * noise) / log(2) + rounding
			wanted += log2((transformed + 1) * log(2))
			bits, _ = model.many_short_vectors(block, lattice, wanted)
			transform = log2(multiply * transformed) + transformed + 1
			return Cost(
				log2_sum(bits, transform, log2(4 * add) + wanted), block, lattice, transformed
			)

		return around_minimum(with_block, SMALLEST_BLOCK, LARGEST_BLOCK, 8)

	return around_minimum(cost_at, 1, 250, 16)


ATTACKS = {
	"primal, unique SVP": primal_usvp,
	"primal, BDD": primal_bdd,
	"dual": dual,
	"dual hybrid, exhaustive": dual_hybrid,
	"dual hybrid, FFT": dual_fft,
}
