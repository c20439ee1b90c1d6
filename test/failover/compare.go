package failover

import "slices"

// Faults are all, in the order in which they are told.
var Faults = []string{Hang, Power, Move}

// Measure is a moment of a round, in seconds since the fault.
type Measure struct {
	Name string
	Of   func(Round) float64
}

// The measures.
var (
	FenceConfirmed = Measure{"fencing confirmed", func(r Round) float64 { return r.Fenced }}
	AddressAnswers = Measure{"floating IP answers", func(r Round) float64 { return r.VIP }}
	OnedAnswers    = Measure{"oned answers", func(r Round) float64 { return r.Oned }}
	AllStarted     = Measure{"every service is started", func(r Round) float64 { return r.All }}
)

// Measures are all, in their order of time.
var Measures = []Measure{FenceConfirmed, AddressAnswers, OnedAnswers, AllStarted}

// Distribution is how seconds are distributed.
type Distribution struct {
	Min, Low, Median, High, Max float64 // Low and High are the quartiles
}

// DistributionOf describes at least one figure.
func DistributionOf(figures []float64) Distribution {
	s := slices.Sorted(slices.Values(figures))
	at := func(part, of int) float64 { return s[(len(s)-1)*part/of] }
	return Distribution{s[0], at(1, 4), Median(s), at(3, 4), s[len(s)-1]}
}

// Median of at least one figure; of an even number of them, what lies between the two in
// the middle.
func Median(figures []float64) float64 {
	s := slices.Sorted(slices.Values(figures))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Comparison is one measure of one fault, of both sides.
type Comparison struct {
	Pairs            int // that count; the rest is zero when none does
	Ours, Stock      Distribution
	OursAll          []float64 // in the order of the pairs
	StockAll         []float64
	Ratio, Low, High float64 // median and quartiles of ours to stock, pair by pair
	Faster           int     // pairs in which ours was
}

// Compare compares. A pair counts when both of its rounds went well, and have the
// measure: nobody is fenced when services are moved.
func Compare(rounds []Round, fault string, m Measure) (c Comparison) {
	pairs := PairsOf(rounds, fault)
	var ratios []float64
	for _, p := range pairs {
		ours, stock := m.Of(p[0]), m.Of(p[1])
		if ours == 0 || stock == 0 {
			continue
		}
		c.OursAll, c.StockAll = append(c.OursAll, ours), append(c.StockAll, stock)
		ratios = append(ratios, ours/stock)
		if ours < stock {
			c.Faster++
		}
	}
	if c.Pairs = len(ratios); c.Pairs == 0 {
		return c
	}
	c.Ours, c.Stock = DistributionOf(c.OursAll), DistributionOf(c.StockAll)
	d := DistributionOf(ratios)
	c.Ratio, c.Low, c.High = d.Median, d.Low, d.High
	return c
}

// PairsOf are the pairs of a fault whose rounds both went well, ours first. A round may have
// been repeated, since what followed it failed: the last one counts.
func PairsOf(rounds []Round, fault string) (pairs [][2]Round) {
	type half struct {
		pair int
		side string
	}
	last := map[half]Round{}
	most := 0
	for _, r := range rounds {
		if r.Fault == fault && r.Error == "" {
			last[half{r.Pair, r.Side}] = r
			most = max(most, r.Pair)
		}
	}
	for pair := range most + 1 {
		ours, one := last[half{pair, Ours}]
		stock, other := last[half{pair, Stock}]
		if one && other {
			pairs = append(pairs, [2]Round{ours, stock})
		}
	}
	return pairs
}

// PartRow is the median of one part of a fault, of both sides.
type PartRow struct {
	Name        string
	Ours, Stock float64
}

// PartsOf are the medians of all parts of a fault. The medians of parts need not add up to
// the median of their sum.
func PartsOf(rounds []Round, fault string) (rows []PartRow) {
	pairs := PairsOf(rounds, fault)
	if len(pairs) == 0 {
		return nil
	}
	for i, part := range pairs[0][0].Parts {
		var figures [2][]float64
		for _, p := range pairs {
			for side, r := range p {
				figures[side] = append(figures[side], r.Parts[i].Seconds)
			}
		}
		rows = append(rows, PartRow{part.Name, Median(figures[0]), Median(figures[1])})
	}
	return rows
}
