package lease

// voter is the part of a guard that promises.
//
// While a promise lasts it votes for nobody else. A promise ends by time, on the
// clock of the one who made it, or when the server to which it was made says that
// it holds nothing. Nothing else ends it: not a later term, not a restart, for
// whoever starts has forgotten what it promised and keeps quiet until that is over.
type voter struct {
	quiet Time   // promises nothing before
	term  uint64 // of the latest leader it heard of; a zone that is set up anew needs new guards
	to    int8   // index, or gone; meaningful until the promise ends
	mark  Mark   // of the last question that it granted
	until Time   // end of the promise
	voids Voids
}

// vote answers a question of server from, who may be the guard's own.
func (v *voter) vote(z *zone, now Time, from int8, q *Ask) (a Answer) {
	a = Answer{Zone: z.name, From: z.ids[z.self], Mark: q.Mark, Term: q.Term, Sent: q.Sent}
	refuse := func(why Refusal, until Time) Answer {
		a.Why = why
		a.Wait = max(0, (until - now).duration())
		return a
	}
	switch {
	case q.Term < v.term:
		return refuse(OldTerm, now)
	case !v.voids[from].before(q.Mark):
		return refuse(OldQuestion, now)
	case q.Promise > z.Quiet:
		return refuse(TooLong, now)
	case now < v.quiet:
		return refuse(JustStarted, v.quiet)
	case now < v.until && v.to != from:
		return refuse(Promised, v.until)
	}
	if v.to != from || now >= v.until {
		v.to, v.mark = from, Mark{}
	}
	if v.mark.before(q.Mark) {
		v.mark = q.Mark
	}
	v.until = max(v.until, now.add(q.Promise))
	a.Granted = true
	return a
}

// learn takes over what is void, and reports whether that ended the promise.
func (v *voter) learn(told *Voids) (freed bool) {
	for i := range v.voids {
		if v.voids[i].before(told[i]) {
			v.voids[i] = told[i]
		}
	}
	if v.until != never && v.to != gone && !v.voids[v.to].before(v.mark) {
		v.to, v.mark, v.until = 0, Mark{}, never
		return true
	}
	return false
}
