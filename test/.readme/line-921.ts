import { BasicAuthentication } from 'axioms-routing-controllers';
import { Service } from 'typedi';
@Service()
class Accounts {
  async find(name: string, password: string): Promise<{ name: string; isStaff: boolean } | null> {
    return null; // hash the password for unknown names, too
  }
}

@Service()
class StaffAuthentication extends BasicAuthentication {
  constructor(private readonly accounts: Accounts) {
    super();
  }

  override authenticateCredentials(name: string, password: string) {
    return this.accounts.find(name, password);
  }
}

export {};